"""What a training came to, as one HTML page that holds its pictures: held-out photos with what was found in them."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from model_server.training.average_precision import Found, Truth, detection_precisions, mean
from model_server.training.photos import Photo, read_pixels

SHOWN_PHOTOS = 24
SURE = 0.3
SIDE_PX = 360
LABELLED, FOUND = (255, 255, 255), (255, 150, 0)
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 1200px; margin: 2rem auto; padding: 0 1rem; }}
  table {{ border-collapse: collapse; }}
  th, td {{ padding: 0.2rem 0.8rem; text-align: right; border-bottom: 1px solid #ccc; }}
  th:first-child, td:first-child {{ text-align: left; }}
  .photos {{ display: flex; flex-wrap: wrap; gap: 1rem; }}
  figure {{ margin: 0; max-width: {side}px; }}
</style>
<h1>{title}</h1>
<p>{summary}</p>
<h2>Classes</h2>
<table>
<tr><th>class</th><th>objects learned from</th><th>objects to check with</th><th>average precision</th></tr>
{classes}
</table>
<h2>In the course of the training</h2>
<table>
<tr><th>step</th><th>mAP@0.5</th></tr>
{course}
</table>
<h2>Photos that were not learned from</h2>
<p>White: what is labelled. Orange: what was found, with its confidence, from {sure} up.</p>
<div class="photos">
{photos}
</div>
</html>
"""


@dataclass(frozen=True)
class Outcome:
    """What the report tells. course: step and mAP@0.5 of each measurement."""

    name: str
    labels: Sequence[str]
    learned_from: Sequence[Photo]
    held_out: Sequence[Photo]
    truths: Sequence[Truth]
    found: Sequence[Found]
    course: Sequence[tuple[int, float]]


def report(outcome: Outcome) -> str:
    """Return the page."""
    precisions = detection_precisions(outcome.truths, outcome.found, len(outcome.labels))
    summary = (
        f"Learned from {len(outcome.learned_from)} photos; checked with {len(outcome.held_out)} others: "
        f"mAP@0.5 is {mean(precisions):.3f} over the {len(precisions)} classes that those show."
    )
    return PAGE.format(
        title=escape(f"Detector {outcome.name}"),
        summary=summary,
        classes="\n".join(_class_rows(outcome, precisions)),
        course="\n".join(f"<tr><td>{step}</td><td>{value:.3f}</td></tr>" for step, value in outcome.course),
        photos="\n".join(_figures(outcome)),
        side=SIDE_PX,
        sure=SURE,
    )


def _class_rows(outcome: Outcome, precisions: Mapping[int, float]) -> list[str]:
    learned, checked = (_counts(photos, len(outcome.labels)) for photos in (outcome.learned_from, outcome.held_out))
    return [
        f"<tr><td>{escape(label)}</td><td>{learned[number]}</td><td>{checked[number]}</td>"
        f"<td>{format(precisions[number], '.3f') if number in precisions else 'unknown'}</td></tr>"
        for number, label in enumerate(outcome.labels)
    ]


def _counts(photos: Sequence[Photo], classes: int) -> NDArray[np.int64]:
    labels = [photo.boxes.labels[~photo.boxes.difficult] for photo in photos]
    return np.bincount(np.concatenate(labels), minlength=classes)


def _figures(outcome: Outcome) -> list[str]:
    shown = zip(outcome.held_out[:SHOWN_PHOTOS], outcome.truths, outcome.found, strict=False)
    return [
        f'<figure><img alt="{escape(photo.path.name)}" src="{_data_address(_drawn(photo, truth, found, outcome))}">'
        f"<figcaption>{escape(photo.path.name)}</figcaption></figure>"
        for photo, truth, found in shown
    ]


def _drawn(photo: Photo, truth: Truth, found: Found, outcome: Outcome) -> Image.Image:
    image = read_pixels(photo.path)
    image.thumbnail((SIDE_PX, SIDE_PX))
    draw, size = ImageDraw.Draw(image), np.array([*image.size] * 2)
    for corners in truth.boxes.corners * size:
        draw.rectangle(_ordered(corners), outline=LABELLED, width=3)
    for corners, label, confidence in zip(found.corners * size, found.labels, found.confidences, strict=True):
        if confidence >= SURE:
            draw.rectangle(_ordered(corners), outline=FOUND, width=2)
            caption = f"{outcome.labels[label]} {confidence:.2f}"
            draw.text((corners[0] + 4, corners[1] + 2), caption, fill=FOUND, stroke_fill=(0, 0, 0), stroke_width=2)
    return image


def _ordered(corners: NDArray[Any]) -> list[float]:
    """Return corners that PIL accepts: a box squeezed to nothing by shrinking stays a line."""
    left, top, right, bottom = corners.tolist()
    return [left, top, max(left, right), max(top, bottom)]


def _data_address(image: Image.Image) -> str:
    memory = io.BytesIO()
    image.save(memory, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(memory.getvalue()).decode('ascii')}"
