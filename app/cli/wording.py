"""How the commands say things, from the API's JSON."""

from collections.abc import Callable, Mapping, Sequence

from app.cli.gateway import Json

SHOWN_REASONS = 3
UNITS = ("bytes", "kB", "MB", "GB", "TB")


def reasons_line(reasons: Sequence[Json]) -> str:
    """Return the first reasons of a hit in one line, and how many more there are."""
    said = [_reason(reason) for reason in reasons[:SHOWN_REASONS]]
    if len(reasons) > SHOWN_REASONS:
        said.append(f"{len(reasons) - SHOWN_REASONS} more")
    return "; ".join(said)


def _reason(reason: Json) -> str:
    """Say one reason; of a kind that only a newer gallery has, its name."""
    sentence = SENTENCES.get(str(reason.get("kind", "")))
    return sentence(reason) if sentence is not None else str(reason.get("kind", ""))


def _example(reason: Json) -> str:
    return f"{'unlike' if reason['weight'] < 0 else 'like'} {reason['example']} {reason['score']:.2f}"


SENTENCES: Mapping[str, Callable[[Json], str]] = {
    "label": lambda why: f"{why['word']} = {why['label']} ({why['source']}) {why['weight']:.2f}",
    "embedding": lambda why: f"looks alike {why['cosine']:.2f}",
    "objects": lambda why: f"{why['label']} in both, {why['pairs']} x {why['mean']:.2f}",
    "box": lambda why: f"{why['label']} in the same place {why['overlap']:.2f}",
    "signal": lambda why: f"{why['method']} {why['share']:.0%}",
    "example": _example,
    "count": lambda why: f"{why['count']} x {why['label']}",
    "relation": lambda why: f"{why['label']} {why['relation']} {why['other']}",
    "size": lambda why: f"{why['size']} {why['label']}, {why['share']:.0%}",
    "fact": lambda why: str(why["text"]),
}
"""How each kind of reason is said, from its JSON."""


def size_text(size_bytes: float) -> str:
    """Return a size as people read it: `12.3 MB`."""
    for unit in UNITS:
        if size_bytes < 1000 or unit == UNITS[-1]:
            break
        size_bytes /= 1000
    return f"{size_bytes:.0f} {unit}" if unit == UNITS[0] else f"{size_bytes:.1f} {unit}"
