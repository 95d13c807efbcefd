"""Every state in which a crash can leave the gallery file opens with everything that was promised.

Usually a sample of 400 states; all 20,800 and more with CRASH_TESTS=full.
"""

from pathlib import Path

import pytest

from tests.app.store.photos import SMALL
from tests.crash.explorer import explore, explore_compaction
from tests.crash.session import TIGHT
from tests.crash.size import FULL

PARTS, STATES, STEPS, SAMPLES = (16, 1300, 20, 5) if FULL else (2, 200, 8, 2)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_crash_loses_what_was_promised(tmp_path: Path, part: int) -> None:
    states, seed = 0, 1000 * part
    while states < STATES:
        layout = TIGHT if seed % 2 != part % 2 else SMALL
        findings = explore(tmp_path / str(seed), seed, STEPS, SAMPLES, layout=layout)
        assert findings.problems == {}, findings
        states, seed = states + findings.states, seed + 1


@pytest.mark.parametrize("seed", range(6 if FULL else 1))
def test_no_crash_in_a_compaction_loses_what_was_promised(tmp_path: Path, seed: int) -> None:
    findings = explore_compaction(tmp_path, seed, SAMPLES if FULL else 0, share=1 if FULL else 0.2)
    assert findings.problems == {}, findings
    assert findings.states > 50
