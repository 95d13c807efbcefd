"""The log says in a file what happened, and on the terminal also how long it will take."""

from pathlib import Path

from model_server.training.log import TrainingLog
from tests.model_server.training.labelled import silent


def test_entries_are_kept_and_told(tmp_path: Path) -> None:
    told: list[str] = []
    log = TrainingLog(tmp_path / "log.jsonl", told.append)
    log({"step": 50, "done": 0.25, "class_loss": 0.51234})
    assert log.entries() == [{"elapsed_s": 0, "step": 50, "done": 0.25, "class_loss": 0.51234}]
    assert told == ["0:00  step 50, done 0.25, class loss 0.5123, about 0:00 left"]


def test_a_training_that_goes_on_keeps_its_log(tmp_path: Path) -> None:
    TrainingLog(tmp_path / "log.jsonl", silent)({"step": 1})
    assert len(TrainingLog(tmp_path / "log.jsonl", silent, append=True).entries()) == 1
    assert TrainingLog(tmp_path / "log.jsonl", silent).entries() == []


def test_progress_is_told_now_and_then(tmp_path: Path) -> None:
    log = TrainingLog(tmp_path / "log.jsonl", silent)
    for done in range(1, 5001):
        log.progress(done, 5000)
    assert [entry["views"] for entry in log.entries()] == [3200, 5000]
