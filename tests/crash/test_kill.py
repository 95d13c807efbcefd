"""`kill -9` at random moments of a process that uploads: no acknowledged photo is lost.

Usually five times; 100 times with CRASH_TESTS=full.
"""

import random
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from app.store.hdf5 import Hdf5Store
from tests.app.store.photos import MODEL, features, photo, same_features
from tests.crash.size import FULL

ROOT = Path(__file__).parents[2]
KILLS = 100 if FULL else 5
WORK = """
    import sys, threading
    from pathlib import Path
    from app.store.hdf5 import Hdf5Store
    from tests.app.store.photos import MODEL, features, photo
    store = Hdf5Store.open(Path(sys.argv[1]))
    say = threading.Lock()
    def told(what, number):
        with say:
            print(what, number, flush=True)
    def upload(client):
        first = int(sys.argv[2]) + client * 10_000
        for n in range(first, first + 10_000):
            store.add([photo(n)], MODEL)
            told("added", n)
            if n % 3 == 0:
                store.finish(MODEL, {photo(n).id: features(n)})
                told("computed", n)
            if n % 5 == 0:
                told("deleting", n)
                store.delete(photo(n).id)
                told("deleted", n)
    for client in range(4):
        threading.Thread(target=upload, args=(client,)).start()
    """


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    path, rng = tmp_path / "gallery.h5", random.Random(0)
    expected: dict[int, bool] = {}
    for round_ in range(KILLS):
        said = _run_and_kill(path, round_ * 100_000, rng.uniform(0.0, 0.3))
        maybe_gone = {number for what, number in said if what == "deleting"}
        gone = {number for what, number in said if what == "deleted"}
        expected.update({number: False for what, number in said if what == "added"})
        expected.update({number: True for what, number in said if what == "computed" and number in expected})
        for number in maybe_gone:
            expected.pop(number)
        store = Hdf5Store.open(path, create=False)
        ids = {store.at(row).id for row in store.rows().tolist()}
        assert not ids & {photo(number).id for number in gone}
        for number, computed in expected.items():
            assert store.read_bytes(photo(number).id) == photo(number).data
            assert not computed or same_features(features(number), store.features(photo(number).id, MODEL))
        assert store.verify().whole
        store.close()
        if len(expected) > 300:
            expected.clear()
            path.unlink()


def _run_and_kill(path: Path, first: int, after_s: float) -> list[tuple[str, int]]:
    """Let a process work for a while from its first word on, kill it, and return what it had acknowledged."""
    worker = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WORK), str(path), str(first)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    lines = [worker.stdout.readline()]
    time.sleep(after_s)
    worker.kill()
    lines += worker.stdout.readlines()
    worker.wait()
    worker.stdout.close()
    said = [line.split() for line in lines if line.endswith("\n")]
    return [(what, int(number)) for what, number in said]
