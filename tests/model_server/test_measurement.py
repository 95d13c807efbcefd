"""The committed weights reach what was asked of them, and the folder's README says what was measured."""

import json
from typing import Any

from model_server.fingerprint import PACKAGE

COLUMNS = (2, 3)


def measured() -> dict[str, Any]:
    result: dict[str, Any] = json.loads((PACKAGE / "weights" / "measurement.json").read_text("utf-8"))
    return result


def row(start: str) -> list[str]:
    """Return the two numbers' cells of the README's row that begins with *start*."""
    lines = (PACKAGE / "README.md").read_text("utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith(f"| {start}")]
    return [cell.strip() for cell in line.split("|")[COLUMNS[0] : COLUMNS[1] + 1]]


def test_the_detector_reaches_its_targets() -> None:
    assert measured()["coco80"]["map50"] >= 0.23
    assert measured()["voc20"]["map50"] >= 0.55


def test_the_readme_says_what_was_measured() -> None:
    parts = [measured()["coco80"], measured()["voc20"]]
    assert row("mAP@0.5 of the boxes") == [f"{part['map50']:.3f}" for part in parts]
    assert row("mAP of `label_scores`") == [f"{part['label_map']:.3f}" for part in parts]
    assert row("mAP of the labels") == [f"{part['label_map_of_boxes']:.3f}" for part in parts]
    sizes = [
        " / ".join(f"{part['map50_by_size'][size]:.3f}" for size in ("small", "medium", "large")) for part in parts
    ]
    assert row("small / medium / large") == sizes


def test_the_training_log_ends_with_the_choice_that_the_weights_carry() -> None:
    lines = (PACKAGE / "weights" / "detector_log.jsonl").read_text("utf-8").splitlines()
    last = json.loads(lines[-1])
    tried = last["label_weights"]
    assert tried[str(last["chosen"])] == max(tried.values(), key=lambda result: sum(result.values()))
