"""The commands `models` and `reindex`."""

import time

import click

from app.cli.access import Access
from app.cli.gateway import Gateway, Json
from app.cli.output import ProgressBar, errors_reported, json_option, print_json, printable
from app.errors import ModelServerUnavailable

POLL_S = 0.2
PATIENCE_S = 120.0
"""How long a change may stand still."""
no_wait_option = click.option(
    "--no-wait", is_flag=True, help="Return at once: a gallery that runs goes on, one that doesn't does when it runs."
)


def models_command(access: Access) -> click.Group:
    """Make the command group `models`."""

    @click.group("models")
    def models() -> None:
        """List the models, and change between them while searches go on."""

    @models.command("list")
    @json_option
    def list_models(as_json: bool) -> None:
        """List the models, what each is used for, and how many photos it has looked at."""
        with errors_reported(as_json), access.gateway() as gateway:
            answer = gateway.models()
        if as_json:
            print_json(answer)
        else:
            click.echo("\n".join(printable(line) for line in model_lines(answer)))

    @models.command("activate")
    @click.argument("name")
    @no_wait_option
    @json_option
    def activate(name: str, no_wait: bool, as_json: bool) -> None:
        """Change to the model NAME, which takes over the roles that it has.

        It looks at all photos first; until it has, searches answer from the models in use. Ctrl-C leaves it to go on.
        """
        _change(access, "activate", name, no_wait, as_json)

    @models.command("drop")
    @click.argument("name", metavar="NAME[.VERSION]")
    @json_option
    def drop(name: str, as_json: bool) -> None:
        """Forget what a model that isn't in use says of photos, and give the room back.

        To use it again, all photos are looked at again.
        """
        with errors_reported(as_json), access.gateway() as gateway:
            dropped = gateway.drop_features(name)
        if as_json:
            print_json(dropped)
        else:
            click.echo(f"What {printable(dropped['model'])} said of {dropped['photos']:,} photos is forgotten.")

    for action, text in ACTIONS.items():
        models.add_command(_action_command(access, action, text))
    return models


ACTIONS = {
    "pause": "Let the change of models rest, over restarts too.",
    "resume": "Go on with the change of models.",
    "rollback": "Call the change of models off, or else go back to the models before.",
}


def _action_command(access: Access, action: str, text: str) -> click.Command:
    @click.command(action, help=text)
    @no_wait_option
    @json_option
    def command(no_wait: bool, as_json: bool) -> None:
        _change(access, action, None, no_wait or action == "pause", as_json)

    return command


def reindex_command(access: Access) -> click.Command:
    """Make the command `reindex`."""

    @click.command("reindex")
    @json_option
    def reindex(as_json: bool) -> None:
        """Have the photos looked at that the models in use, or those to come, haven't seen, and wait for it."""
        with errors_reported(as_json), access.gateway(working=True) as gateway:
            if gateway.models()["change"]["paused"]:
                gateway.change_models("resume", None)
            change = follow(gateway)
        _show(change, as_json)

    return reindex


def _change(access: Access, action: str, name: str | None, no_wait: bool, as_json: bool) -> None:
    with errors_reported(as_json), access.gateway(working=action == "activate" or not no_wait) as gateway:
        change = gateway.change_models(action, name)
        if not no_wait:
            change = follow(gateway)
    _show(change, as_json)


def _show(change: Json, as_json: bool) -> None:
    if as_json:
        print_json(change)
    else:
        click.echo(printable(change_line(change)))


def follow(gateway: Gateway) -> Json:
    """Wait until all photos have been looked at, or until the change rests, and return what came of it.

    Raises ModelServerUnavailable if it stands still for `PATIENCE_S`.
    """
    deadline_s = time.monotonic() + PATIENCE_S
    with ProgressBar("Looking at photos", None) as bar:
        while True:
            change: Json = gateway.models()["change"]
            busy = change["under_way"] or change["done"] < change["photos"]
            if not busy or change["paused"]:
                return change
            bar.show(change["done"], change["photos"])
            bar.say(change["problem"] or "Looking at photos")
            if change["problem"] is None:
                deadline_s = time.monotonic() + PATIENCE_S
            elif time.monotonic() > deadline_s:
                raise ModelServerUnavailable(f"It stands still, and goes on by itself: {change['problem']}")
            time.sleep(POLL_S)


def model_lines(answer: Json) -> list[str]:
    """Return the models for people, one a line, and how far a change is."""
    widest = max(len(model["name"]) for model in answer["items"])
    lines = [
        f"{model['name']:{widest}}  {model['state']:8}  {model['covered']:7,} photos  {_use(model)}"
        for model in answer["items"]
    ]
    return [*lines, "", change_line(answer["change"]), *kept_lines(answer)]


def kept_lines(answer: Json) -> list[str]:
    """Say whose features are kept that nothing needs but a way back."""
    change = answer["change"]
    needed = {*change["active"], *change["target"]}
    kept = [f"{one['model']} ({one['photos']:,} photos)" for one in answer["kept"] if one["model"] not in needed]
    return [f"Kept from before: {', '.join(kept)}; `models drop NAME` gives the room back."] if kept else []


def _use(model: Json) -> str:
    if model["roles_in_use"]:
        return f"in use: {', '.join(model['roles_in_use'])}"
    return f"could be: {', '.join(model['roles'])}"


def change_line(change: Json) -> str:
    """Say how far the change is, or what is in use."""
    if change["under_way"]:
        how = "paused" if change["paused"] else "under way"
        return f"Change to {', '.join(change['target'])} {how}: {change['done']:,} of {change['photos']:,} photos."
    text = f"Searches answer from {', '.join(change['active'])}."
    overlap = change["overlap"]
    if overlap is not None and overlap["photos"]:
        text += (
            f" At the last change {overlap['similar']:.0%} of the 10 most similar photos stayed, and "
            f"{overlap['words']:.0%} of the 10 best for a word."
        )
    return text
