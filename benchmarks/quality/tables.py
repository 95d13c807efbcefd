"""Tables of numbers, for people and for programs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.report import Measurement

Cell = str | int | float


@dataclass(frozen=True)
class Table:
    """A title that says what was done, and rows of names, counts (int) and measures (float)."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def as_markdown(self) -> str:
        """Return the title and the table, measures with three digits."""
        lines = [f"**{self.title}**", "", _line(self.columns), _line(["---"] * len(self.columns))]
        return "\n".join([*lines, *(_line([_shown(cell) for cell in row]) for row in self.rows)])


@dataclass(frozen=True)
class Result:
    """What one part of the measurement found."""

    tables: tuple[Table, ...]
    targets: tuple[Measurement, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Return the same numbers, unrounded, as JSON's types."""
        return asdict(self)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _shown(cell: Cell) -> str:
    return f"{cell:.3f}" if isinstance(cell, float) else f"{cell:,}" if isinstance(cell, int) else cell
