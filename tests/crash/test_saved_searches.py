"""No crash loses a saved search or the choice of models, brings an old one back, or leaves half of one."""

import random
from pathlib import Path

from app.store.base import SavedSearch
from app.store.hdf5 import Hdf5Store
from tests.app.store.photos import MODEL, SMALL, Clock, photo
from tests.crash.explorer import empty_file
from tests.crash.recorder import MemoryDisk, Promise, crash_states
from tests.crash.session import TIGHT
from tests.crash.size import FULL

SEEDS, STEPS, SAMPLES = (12, 12, 4) if FULL else (1, 6, 1)


Known = tuple[list[SavedSearch], str | None]


def known(store: Hdf5Store) -> Known:
    return store.saved_searches.all(), store.model_choice.get()


def session(rng: random.Random, disk: MemoryDisk, store: Hdf5Store) -> list[Known]:
    """Save and delete searches and choose models between uploads; return what was kept after each step."""
    states = [known(store)]
    for step in range(STEPS):
        disk.log.append(Promise(frozenset([step, step + 1])))
        searches, _ = states[-1]
        if step % 3 == 1:
            store.model_choice.put(f"step {step} " + "y" * rng.choice([0, 700, 12_000]))
        elif searches and rng.random() < 0.3:
            store.saved_searches.delete(rng.choice(searches).id)
        elif rng.random() < 0.2:
            store.add([photo(step, 600)], MODEL)
        else:
            store.saved_searches.add(f"search {step}", "x" * rng.choice([0, 30, 3000, 16_000]))
        states.append(known(store))
        disk.log.append(Promise(frozenset([step + 1])))
    return states


def test_no_crash_loses_a_saved_search_or_the_choice_of_models(tmp_path: Path) -> None:
    for seed in range(SEEDS):
        layout, rng = (TIGHT, SMALL)[seed % 2], random.Random(seed)
        before = empty_file(tmp_path / str(seed), layout)
        disk = MemoryDisk(bytearray(before))
        disk.log.append(Promise(frozenset([0])))
        store = Hdf5Store(disk, layout, Clock())
        states = session(rng, disk, store)
        store.close()
        for state in crash_states(before, disk.log, rng, SAMPLES):
            found = known(Hdf5Store(MemoryDisk(bytearray(state.content)), layout, Clock()))
            assert found in [states[number] for number in state.allowed], state.kind
