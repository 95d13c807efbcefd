"""The command `python -m model_server`: build, serve, train and evaluate the gallery's models."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from model_server.build import DEFAULT_OUT
from model_server.catalogue import load_card
from model_server.catalogue_commands import DEFAULT_MODEL, add_parsers
from model_server.errors import ModelServerError

Command = Callable[[argparse.Namespace, list[str]], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand; 0 when it worked, 1 with one line on standard error when it can't."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    parser, commands = _parser()
    # What `serve` doesn't know belongs to the server's own command line.
    options, rest = parser.parse_known_args(argv)
    if rest and options.command != "serve":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    commands |= {
        "serving-config": _serving_config,
        "serve": _serve,
        "train": _train,
        "evaluate": _evaluate,
    }
    try:
        return commands[options.command](options, rest)
    except ModelServerError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)  # noqa: T201 - a command speaks on its streams
        return 1


def _parser() -> tuple[argparse.ArgumentParser, dict[str, Command]]:
    """Return the parser, and what runs those of its subcommands that are described elsewhere."""
    parser = argparse.ArgumentParser(prog="python -m model_server", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    catalogued = add_parsers(commands)

    configure = commands.add_parser("serving-config", help="write TensorFlow Serving's configuration")
    configure.add_argument("--models", type=Path, default=DEFAULT_OUT, help="folder of models (default: %(default)s)")
    configure.add_argument("--base", default="/models", help="where Serving sees that folder (default: %(default)s)")

    serve = commands.add_parser("serve", help="serve a folder of models over gRPC", add_help=False)
    serve.add_argument("--models", type=Path, default=DEFAULT_OUT)

    train = commands.add_parser("train", help="fine-tune the default model's detector on your own labelled photos")
    train.add_argument("--photos", type=Path, required=True, help="folder of photos")
    train.add_argument("--labels", type=Path, required=True, help="COCO's JSON, or a folder of Pascal VOC's XML")
    train.add_argument("--name", default="own", help="what the new model is called (default: %(default)s)")
    train.add_argument("--minutes", type=float, default=30.0, help="how long its steps take (default: %(default)s)")
    train.add_argument("--steps", type=int, help="how many steps of 16 views (default: thirty views of each photo)")
    train.add_argument("--restart", action="store_true", help="don't go on with an interrupted training")

    measure = commands.add_parser("evaluate", help="measure the built default model on labelled photos")
    measure.add_argument("--photos", type=Path, required=True, help="folder with eval.jsonl and eval/")
    measure.add_argument("--models", type=Path, default=DEFAULT_OUT, help="folder of models (default: %(default)s)")
    measure.add_argument("--out", type=Path, help="write the result to this JSON file too")
    return parser, catalogued


def _serving_config(options: argparse.Namespace, _: list[str]) -> int:
    from model_server.serving_config import write_serving_config

    for path in write_serving_config(options.models, options.base):
        print(path)  # noqa: T201 - the command's result
    return 0


def _serve(options: argparse.Namespace, rest: list[str]) -> int:
    from model_server.server.cli import main as serve

    return serve(["--models", str(options.models), *rest])


def _train(options: argparse.Namespace, _: list[str]) -> int:
    from model_server.training.own import train_own

    files = train_own(
        load_card(DEFAULT_MODEL), options.name, options.photos, options.labels, options.minutes, _say,
        steps=options.steps, restart=options.restart,
    )  # fmt: skip
    _say(f"{files.report} shows what it finds. To use it, build it, start the gallery anew and change to it:")
    _say(f"  python -m model_server build {options.name}; make run")
    _say(f"  ./gallery models activate {options.name}")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the command's progress


def _evaluate(options: argparse.Namespace, _: list[str]) -> int:
    from model_server.training.evaluate import evaluate

    card = load_card(DEFAULT_MODEL)
    result = evaluate(card, options.models / card.name / str(card.version), options.photos)
    text = json.dumps(result, indent=2)
    print(text)  # noqa: T201 - the command's result
    if options.out:
        options.out.write_text(text + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
