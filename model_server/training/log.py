"""A training's log: one JSON object a line in a file, one readable line on the terminal."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PROGRESS_EVERY = 3200
Say = Callable[[str], None]


class TrainingLog:
    """Writes entries with the seconds since the start to *path* and tells *say* of them.

    An interrupted training's log is continued where *append* says so.
    """

    def __init__(self, path: Path, say: Say, *, append: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not append:
            path.write_text("", "utf-8")
        self._path, self._say, self._start = path, say, time.monotonic()

    def __call__(self, entry: Mapping[str, Any]) -> None:
        """Write one entry."""
        elapsed_s = time.monotonic() - self._start
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"elapsed_s": round(elapsed_s), **entry}) + "\n")
        told = ", ".join(f"{name.replace('_', ' ')} {_shown(value)}" for name, value in entry.items())
        self._say(f"{_clock(elapsed_s)}  {told}{self._left(entry, elapsed_s)}")

    def progress(self, done: int, total: int) -> None:
        """Log how many views have been looked at, now and then."""
        if done % PROGRESS_EVERY == 0 or done == total:
            self({"views": done, "of": total})

    def entries(self) -> list[dict[str, Any]]:
        """Return what has been written."""
        return [json.loads(line) for line in self._path.read_text("utf-8").splitlines()]

    def _left(self, entry: Mapping[str, Any], elapsed_s: float) -> str:
        """Say how much longer it takes, judging by the share that is done."""
        done = entry.get("done", 0.0)
        return f", about {_clock(elapsed_s * (1 - done) / done)} left" if 0 < done < 1 else ""


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name} {_shown(part)}" for name, part in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
