"""The log says in a file what happened, and on the terminal also how long it will take."""

from pathlib import Path

from model_server.training.log import TrainingLog
from tests.model_server.training.labelled import silent


def test_entries_are_kept_and_told(tmp_path: Path) -> None:
    told: list[str] = []
    times = iter([0.0, 100.0, 160.0, 220.0])
    log = TrainingLog(tmp_path / "log.jsonl", told.append, clock=lambda: next(times))
    log({"step": 50, "done": 0.25, "class_loss": 0.51234})
    log({"step": 100, "done": 0.5})
    log({"step": 200, "done": 1.0})
    assert log.entries()[0] == {"elapsed_s": 100, "step": 50, "done": 0.25, "class_loss": 0.51234}
    assert told == [
        "1:40  step 50, done 0.25, class loss 0.5123",
        "2:40  step 100, done 0.5, about 2:00 left",
        "3:40  step 200, done 1",
    ]


def test_a_training_that_goes_on_keeps_its_log(tmp_path: Path) -> None:
    TrainingLog(tmp_path / "log.jsonl", silent)({"step": 1})
    assert len(TrainingLog(tmp_path / "log.jsonl", silent, append=True).entries()) == 1
    assert TrainingLog(tmp_path / "log.jsonl", silent).entries() == []


def test_progress_is_told_now_and_then(tmp_path: Path) -> None:
    now = 0.0
    log = TrainingLog(tmp_path / "log.jsonl", silent, clock=lambda: now)
    for done in range(1, 41):
        now += 1.0
        log.progress(done, 40)
    assert [entry["views"] for entry in log.entries()] == [15, 30, 40]
