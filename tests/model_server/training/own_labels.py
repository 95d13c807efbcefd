"""Draws small sets of labelled photos in the forms in which people have them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

CLASSES = {"red disc": (220, 50, 40), "blue box": (40, 70, 220)}
SIZE = (160, 120)
Shape = tuple[str, int, int, int]
"""Class, left, top, side."""


def draw_set(folder: Path, count: int = 12) -> dict[str, list[Shape]]:
    """Draw photos of one red disc, one blue box or both; return what is in each file."""
    folder.mkdir(parents=True, exist_ok=True)
    shapes: dict[str, list[Shape]] = {}
    for number in range(count):
        rng = np.random.default_rng(number)
        image = Image.new("RGB", SIZE, tuple(int(value) for value in rng.integers(90, 160, 3)))
        chosen = [name for place, name in enumerate(CLASSES) if number % 3 in (place, 2)]
        shapes[f"{number}.png"] = [_draw(rng, image, name) for name in chosen]
        image.save(folder / f"{number}.png")
    return shapes


def _draw(rng: np.random.Generator, image: Image.Image, name: str) -> Shape:
    left, top, side = (int(value) for value in rng.integers((0, 0, 30), (90, 60, 60)))
    draw = ImageDraw.Draw(image)
    paint = draw.ellipse if name == "red disc" else draw.rectangle
    paint((left, top, left + side, top + side), fill=CLASSES[name])
    return name, left, top, side


def coco(shapes: dict[str, list[Shape]]) -> dict[str, Any]:
    """Return COCO's table of what was drawn, with a class that has no object."""
    names = [*CLASSES, "never seen"]
    annotations = [
        {"image_id": number, "category_id": 10 + names.index(name), "bbox": [left, top, side, side], "iscrowd": 0}
        for number, of_file in enumerate(shapes.values())
        for name, left, top, side in of_file
    ]
    return {
        "images": [
            {"id": number, "file_name": file, "width": SIZE[0], "height": SIZE[1]}
            for number, file in enumerate(shapes)
        ],
        "annotations": annotations,
        "categories": [{"id": 10 + number, "name": name} for number, name in enumerate(names)],
    }


def write_coco(path: Path, shapes: dict[str, list[Shape]]) -> Path:
    """Write COCO's JSON file."""
    path.write_text(json.dumps(coco(shapes)), "utf-8")
    return path


def write_voc(folder: Path, shapes: dict[str, list[Shape]]) -> Path:
    """Write one XML file a photo."""
    folder.mkdir()
    for file, of_file in shapes.items():
        objects = "".join(
            f"<object><name>{name}</name><difficult>0</difficult><bndbox><xmin>{left}</xmin><ymin>{top}</ymin>"
            f"<xmax>{left + side}</xmax><ymax>{top + side}</ymax></bndbox></object>"
            for name, left, top, side in of_file
        )
        size = f"<size><width>{SIZE[0]}</width><height>{SIZE[1]}</height><depth>3</depth></size>"
        text = f"<annotation><filename>{file}</filename>{size}{objects}</annotation>"
        (folder / f"{Path(file).stem}.xml").write_text(text, "utf-8")
    return folder
