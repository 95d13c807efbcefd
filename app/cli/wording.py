"""How the commands say things, from the API's JSON."""

from collections.abc import Sequence

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
    match reason:
        case {"kind": "label", "word": word, "label": label, "weight": weight, "source": source}:
            return f"{word} = {label} ({source}) {weight:.2f}"
        case {"kind": "embedding", "cosine": cosine}:
            return f"looks alike {cosine:.2f}"
        case {"kind": "objects", "label": label, "pairs": pairs, "mean": mean}:
            return f"{label} in both, {pairs} x {mean:.2f}"
        case {"kind": "box", "label": label, "overlap": overlap}:
            return f"{label} in the same place {overlap:.2f}"
        case {"kind": "signal", "method": method, "share": share}:
            return f"{method} {share:.0%}"
        case {"kind": "example", "example": example, "weight": weight, "score": score}:
            return f"{'unlike' if weight < 0 else 'like'} {example} {score:.2f}"
    return str(reason.get("kind", ""))  # of a gallery that is newer than this command


def size_text(size_bytes: float) -> str:
    """Return a size as people read it: `12.3 MB`."""
    for unit in UNITS:
        if size_bytes < 1000 or unit == UNITS[-1]:
            break
        size_bytes /= 1000
    return f"{size_bytes:.0f} {unit}" if unit == UNITS[0] else f"{size_bytes:.1f} {unit}"
