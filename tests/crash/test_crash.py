"""Every state in which a crash can leave the gallery file opens with everything that was promised."""

import os
from pathlib import Path

import pytest

from tests.app.store.photos import SMALL
from tests.crash.explorer import TIGHT, explore

FULL = os.environ.get("CRASH_TESTS") == "full"
SEEDS = range(40) if FULL else range(2)
STEPS = 30 if FULL else 8
SAMPLES = 6 if FULL else 2


@pytest.mark.parametrize("seed", SEEDS)
def test_no_crash_loses_what_was_promised(tmp_path: Path, seed: int) -> None:
    findings = explore(tmp_path, seed, STEPS, SAMPLES, layout=TIGHT if seed % 2 else SMALL)
    assert findings.problems == {}, findings
    assert findings.states > STEPS * 15
