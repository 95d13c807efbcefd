"""Layout: boxes taken from a photo and moved a little, as if drawn from memory, should find that very photo first."""

import random
from collections.abc import Callable, Sequence

from app.domain import Box, DetectedObject, PhotoId, PlacedBox
from benchmarks.quality.galleries import Collection
from benchmarks.quality.tables import Result, Table
from benchmarks.report import Measurement

JITTER = 0.1
"""How far each side of a box is moved at most, against the box's width or height."""
TARGET_SHARE = 0.95
MADE_OUT_SHARE = 0.5
"""The rule of a photo's page: an object is drawn if it is at least half as sure as the surest one."""

Things = Sequence[DetectedObject]


def made_out(things: Things) -> Things:
    """Return the objects that a photo's page draws."""
    surest = max((thing.confidence for thing in things), default=0.0)
    return [thing for thing in things if thing.confidence >= MADE_OUT_SHARE * surest]


def at_least_three(things: Things) -> Things:
    """Return the same if there are three of them, otherwise none."""
    return things if len(things) >= 3 else []


RULES: dict[str, Callable[[Things], Things]] = {
    "all of its objects": lambda things: things,
    "its five surest objects": lambda things: things[:5],
    "its three surest objects": lambda things: things[:3],
    "the objects drawn on its page": made_out,
    "the objects drawn on its page, if there are three": lambda things: at_least_three(made_out(things)),
}
"""Which of a photo's objects, the surest first, are placed. The first rule is the one with a target."""


def measure_layout(collection: Collection) -> Result:
    """Measure how often a photo comes first for its own boxes; photos without objects aren't asked for."""
    things = {photo_id: collection.gallery.library.details(photo_id).objects for photo_id in collection.photos}
    rows: list[tuple[str, int, float]] = []
    for rule, choose in RULES.items():
        chosen = {photo_id: placed for photo_id, own in things.items() if (placed := choose(own))}
        rows.append((rule, len(chosen), share_found_first(collection, chosen)))
    table = Table(
        f"Layout: a photo found first by its own boxes, moved by up to {JITTER:.0%}, among {len(things):,}",
        ("boxes placed", "photos", "found first"),
        tuple(rows),
    )
    first_rule, _, share = rows[0]
    target = Measurement(
        f"layout: photos found first by {first_rule}, jittered by {JITTER:.0%}",
        f"{share:.1%}",
        "",
        f"at least {TARGET_SHARE:.0%}",
        share >= TARGET_SHARE,
    )
    return Result((table,), (target,))


def share_found_first(collection: Collection, things: dict[PhotoId, Things]) -> float:
    """Return the share of photos that come first for their own objects, moved."""
    chance = random.Random(0)
    found = 0
    for photo_id, own in things.items():
        placed = [PlacedBox(thing.label, jittered(thing.box, chance)) for thing in own]
        hits = collection.gallery.searches.by_layout(placed, limit=1).hits
        found += bool(hits) and hits[0].photo.id == photo_id
    return found / len(things) if things else 0.0


def jittered(box: Box, chance: random.Random) -> Box:
    """Return a box with each side moved by up to JITTER of its width or height, within the picture."""
    width, height = box.xmax - box.xmin, box.ymax - box.ymin
    moves = [chance.uniform(-JITTER, JITTER) * size for size in (width, height, width, height)]
    return Box(*(min(max(side + move, 0.0), 1.0) for side, move in zip(box.as_list(), moves, strict=True)))
