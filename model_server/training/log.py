"""A training's log: one JSON object a line in a file, one readable line on the terminal."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PROGRESS_EVERY_S = 15.0
Say = Callable[[str], None]


class TrainingLog:
    """Writes entries with the seconds since the start to *path* and tells *say* of them.

    An interrupted training's log is continued where *append* says so.
    """

    def __init__(
        self, path: Path, say: Say, *, append: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not append:
            path.write_text("", "utf-8")
        self._path, self._say, self._clock = path, say, clock
        self._start = self._progress_told = clock()
        self._began: tuple[float, float] | None = None
        """The share that was done when one was told first, and when, in seconds since the start."""

    def __call__(self, entry: Mapping[str, Any]) -> None:
        """Write one entry."""
        elapsed_s = self._clock() - self._start
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"elapsed_s": round(elapsed_s), **entry}) + "\n")
        told = ", ".join(f"{name.replace('_', ' ')} {_shown(value)}" for name, value in entry.items())
        self._say(f"{_clock(elapsed_s)}  {told}{self._left(entry, elapsed_s)}")

    def progress(self, done: int, total: int) -> None:
        """Log how many views have been looked at, now and then."""
        now = self._clock()
        if now - self._progress_told >= PROGRESS_EVERY_S or done == total:
            self._progress_told = now
            self({"views": done, "of": total})

    def entries(self) -> list[dict[str, Any]]:
        """Return what has been written."""
        return [json.loads(line) for line in self._path.read_text("utf-8").splitlines()]

    def _left(self, entry: Mapping[str, Any], elapsed_s: float) -> str:
        """Say how much longer it takes, judging by what was done since the first share that was told."""
        done = entry.get("done")
        if done is None:
            return ""
        first, began_s = self._began = self._began or (done, elapsed_s)
        if not first < done < 1:
            return ""
        return f", about {_clock((elapsed_s - began_s) * (1 - done) / (done - first))} left"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name} {_shown(part)}" for name, part in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
