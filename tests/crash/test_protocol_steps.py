"""The explorer explored: each step of the protocol, taken out in turn, makes it find losses.

Usually three of the steps; all with CRASH_TESTS=full.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.broken import STEPS
from tests.crash.size import FULL

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("step", [step.__name__ for step in (STEPS if FULL else STEPS[:3])])
def test_the_explorer_notices_a_missing_step(step: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "tests.crash.broken", step], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert found.returncode != 0, found.stdout
    assert found.stdout.startswith(step) or "Timeout" in found.stderr or "Fatal Python error" in found.stderr
