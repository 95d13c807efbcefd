"""Draws small folders of labelled photos in the form that training reads."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {"cat": (220, 60, 40), "dog": (40, 90, 220), "car": (40, 200, 70)}


def draw_photos(folder: Path, part: str, count: int, vocab: str = "voc20", *, complete: bool = True) -> None:
    """Append *count* photos of one coloured disc each to ``folder/part.jsonl``, 160 x 120 pixels."""
    pictures = folder / part
    pictures.mkdir(parents=True, exist_ok=True)
    lines = []
    for number in range(count):
        name = list(COLOURS)[number % len(COLOURS)]
        rng = np.random.default_rng([number, len(vocab)])
        left, top, size = (int(value) for value in rng.integers((0, 0, 40), (80, 50, 70)))
        image = Image.new("RGB", (160, 120), (128, 128, 128))
        corners = (left, top, left + size, top + size)
        ImageDraw.Draw(image).ellipse(corners, fill=COLOURS[name])
        file = f"{part}_{vocab.partition(':')[0]}_{number}.png"
        image.save(pictures / file)
        lines.append(entry(file, vocab, complete, [(name, corners, False)]))
    with (folder / f"{part}.jsonl").open("a", encoding="utf-8") as source:
        source.writelines(json.dumps(line) + "\n" for line in lines)


def entry(
    file: str, vocab: str, complete: bool, boxes: Sequence[tuple[str, tuple[int, ...], bool]]
) -> dict[str, Any]:
    """Return one line of the label file."""
    keys = ("xmin", "ymin", "xmax", "ymax")
    described = [
        {"name": name, **dict(zip(keys, corners, strict=True)), "difficult": int(is_difficult)}
        for name, corners, is_difficult in boxes
    ]
    return {"file": file, "width": 160, "height": 120, "vocab": vocab, "complete": complete, "boxes": described}


def silent(line: str) -> None:
    """Take what a training says, and tell nobody."""
