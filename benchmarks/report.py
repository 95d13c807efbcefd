"""What every measurement returns, and how the measurements are shown."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measurement:
    """One number of the README: what was measured, against what, and what it should be."""

    what: str
    value: str
    compared_to: str
    target: str
    reached: bool


def as_table(measurements: Sequence[Measurement]) -> str:
    """Return measurements as a Markdown table."""
    lines = ["| what | measured | against | target | |", "|---|---|---|---|---|"]
    for one in measurements:
        mark = "reached" if one.reached else "**missed**"
        lines.append(f"| {one.what} | {one.value} | {one.compared_to} | {one.target} | {mark} |")
    return "\n".join(lines)
