"""A disk in memory that notes what was asked of it, and the states in which a crash can leave it."""

import hashlib
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
PAGE = 4096


@dataclass(frozen=True)
class Write:
    """Bytes written at a place; a hole punched is a write of zeros."""

    offset: int
    data: bytes

    def apply(self, disk: bytearray) -> None:
        end = self.offset + len(self.data)
        if end > len(disk):
            disk.extend(bytes(end - len(disk)))
        disk[self.offset : end] = self.data

    def torn(self, rng: random.Random, unit: int) -> list["Write"]:
        """Return some of the sectors or pages of this write, as a disk that stopped in the middle of it has."""
        pieces, at = [], self.offset
        while at < self.offset + len(self.data):
            stop = min((at // unit + 1) * unit, self.offset + len(self.data))
            pieces.append(Write(at, self.data[at - self.offset : stop - self.offset]))
            at = stop
        if rng.random() < 0.5:
            return pieces[: rng.randrange(len(pieces) + 1)]
        return [piece for piece in pieces if rng.random() < 0.5]


@dataclass(frozen=True)
class Resize:
    """The file's end moved."""

    size: int
    grow_only: bool

    def apply(self, disk: bytearray) -> None:
        if self.size > len(disk):
            disk.extend(bytes(self.size - len(disk)))
        elif not self.grow_only:
            del disk[self.size :]

    def torn(self, rng: random.Random, unit: int) -> list["Resize"]:
        return [self]


@dataclass(frozen=True)
class Sync:
    """Everything before is durable."""


@dataclass(frozen=True)
class Promise:
    """From here on the caller may rely on one of these states: the numbers of logical states."""

    states: frozenset[int]


Change = Write | Resize
Entry = Change | Sync | Promise


@dataclass
class MemoryDisk:
    """Implements the store's Device in memory."""

    content: bytearray
    path: Path = Path("memory.h5")
    log: list[Entry] = field(default_factory=list)
    _noted: set[int] | None = None

    def size(self) -> int:
        return len(self.content)

    def allocated_bytes(self) -> int:
        return len(self.content)

    def pread(self, length: int, offset: int) -> bytes:
        return bytes(self.content[offset : offset + length])

    def pread_into(self, buffer: memoryview, offset: int) -> int:
        data = self.content[offset : offset + len(buffer)]
        buffer[: len(data)] = data
        return len(data)

    def pwrite(self, data: bytes | memoryview, offset: int) -> None:
        self._do(Write(offset, bytes(data)))

    def pwrite_all(self, pieces: Sequence[bytes], offset: int) -> None:
        self.pwrite(b"".join(pieces), offset)

    def start_writing(self, length: int, offset: int) -> None:
        pass

    def reserve(self, start: int, stop: int) -> None:
        if stop > max(start, len(self.content)):
            self._do(Resize(stop, grow_only=True))

    def truncate(self, size: int) -> None:
        self._do(Resize(size, grow_only=False))

    def sync(self) -> None:
        self.log.append(Sync())

    def punch(self, length: int, offset: int) -> None:
        length = min(length, len(self.content) - offset)
        if length > 0:
            self._do(Write(offset, bytes(length)))

    @contextmanager
    def noting_writes(self) -> Iterator[set[int]]:
        self._noted = set()
        try:
            yield self._noted
        finally:
            self._noted = None

    def data_ranges(self) -> list[tuple[int, int]]:
        return [(0, len(self.content))]

    def try_lock(self) -> bool:
        return True

    def close(self) -> None:
        pass

    def _do(self, change: Change) -> None:
        change.apply(self.content)
        self.log.append(change)
        if self._noted is not None and isinstance(change, Write):
            self._noted.update(range(change.offset // PAGE, -(-(change.offset + len(change.data)) // PAGE)))


@dataclass(frozen=True)
class CrashState:
    """What a disk may hold after a crash, the logical states allowed then, and how it came about."""

    content: bytes
    allowed: frozenset[int]
    kind: str


def crash_states(
    before: bytes, log: list[Entry], rng: random.Random, samples: int, allowed: frozenset[int] = frozenset()
) -> Iterator[CrashState]:
    """Yield distinct states in which a crash during the log can leave a disk that held `before`, durably.

    What was synced stays. Of the changes since, any may be lost, they may reach the disk in any order, and each may
    be torn at 512 bytes or 4 KiB. `samples` scales the number of random variants between two syncs.
    """
    durable, seen = bytearray(before), set[bytes]()
    pending: list[Change] = []
    for entry in [*log, Sync()]:
        if isinstance(entry, Promise):
            allowed = entry.states
        elif isinstance(entry, Sync):
            for kind, changes in _variants(pending, rng, samples):
                content = bytearray(durable)
                for change in changes:
                    change.apply(content)
                digest = hashlib.blake2b(content, digest_size=12).digest() + repr(sorted(allowed)).encode()
                if digest not in seen:
                    seen.add(digest)
                    yield CrashState(bytes(content), allowed, kind)
            for change in pending:
                change.apply(durable)
            pending = []
        else:
            pending.append(entry)


def _variants(pending: list[Change], rng: random.Random, samples: int) -> Iterator[tuple[str, list[Change]]]:
    """Yield subsets of changes that a crash can leave on the disk, the strictest time being just before the sync."""
    for i in range(len(pending) + 1):
        yield "prefix", pending[:i]
    for i in range(len(pending)):
        yield "one lost", pending[:i] + pending[i + 1 :]
        yield "one alone", [pending[i]]
        for unit in (SECTOR, PAGE):
            yield f"torn at {unit}", [*pending[:i], *pending[i].torn(rng, unit)]
    for _ in range(samples):
        chosen = [change for change in pending if rng.random() < 0.7]
        yield "some lost", list(chosen)
        rng.shuffle(chosen)
        yield "reordered", list(chosen)
        unit = rng.choice((SECTOR, PAGE))
        yield "some torn", [piece for change in chosen for piece in _maybe_torn(change, rng, unit)]


def _maybe_torn(change: Change, rng: random.Random, unit: int) -> list[Change]:
    return [*change.torn(rng, unit)] if rng.random() < 0.5 else [change]
