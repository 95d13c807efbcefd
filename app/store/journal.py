"""The redo journal: records in two slots of the reserved region, and recovery from them.

A record says what one commit changes: the new bytes of whole 512-byte sectors with a checksum of the old ones, the
file's new end, and checksums of the fresh extents, which the commit wrote in their final place because nothing
committed refers to them. What this guarantees, and where:

- Whole or absent: a record counts only if its checksums match (`_load`) and its fresh extents are all there
  (`recover`, "torn"). The device is synced after the record was written and before anything is acknowledged.
- The record before is never touched while a new one is written: slot = sequence % 2 (`write`).
- Sectors are changed in place only after their record is durable (`TransactionalFile.commit`), so a sector that a
  crash tore is in the newest record, or in the one before it if the newest hadn't reached the disk when it crashed.
  Both are replayed, and replaying twice changes nothing (`recover`).
- Replay touches a sector only if it holds the old or the new bytes. A file that another program changed meanwhile
  is refused, and nothing is written before every sector was looked at (`_planned`).
- A record that was in use (`applied`) and can't be read any more is damage, not a crash, and is refused.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.errors import StoreFormatError
from app.store.crc import crc32_of
from app.store.device import Device
from app.store.region import Region
from app.store.schema import PAGE

SECTOR = 512

_HEADER = struct.Struct("<4sIQQIIQQI")
_MAGIC = b"GJR1"
_CHECK = struct.Struct("<I")
_RUN = struct.Struct("<QI")
_FRESH = struct.Struct("<QQI")
_APPLIED = struct.Struct("<4sQ")
_APPLIED_MAGIC = b"GJA1"
_RETIRED = 1
_CRC_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Run:
    """Sectors in a row: the number of the first, the CRC-32 of each as it was, and all their new bytes."""

    first: int
    old_crc32s: tuple[int, ...]
    data: bytes


@dataclass(frozen=True)
class Fresh:
    """Bytes written in their final place before the commit: offset in the file, length, CRC-32."""

    offset: int
    length: int
    crc32: int


@dataclass(frozen=True)
class Record:
    """One commit. `end` is the committed end of the file in bytes."""

    sequence: int
    end: int
    runs: tuple[Run, ...] = ()
    fresh: tuple[Fresh, ...] = ()
    retired: bool = False
    """Everything before this record is durable in place: there is nothing to replay."""

    def body(self) -> bytes:
        """Return everything but the header."""
        parts = [_RUN.pack(run.first, len(run.old_crc32s)) for run in self.runs]
        parts += [struct.pack(f"<{len(run.old_crc32s)}I", *run.old_crc32s) for run in self.runs]
        parts += [_FRESH.pack(fresh.offset, fresh.length, fresh.crc32) for fresh in self.fresh]
        parts += [run.data for run in self.runs]
        return b"".join(parts)

    def body_bytes(self) -> int:
        """Return how long the body is."""
        heads = len(self.runs) * _RUN.size + len(self.fresh) * _FRESH.size
        return heads + sum(4 * len(run.old_crc32s) + len(run.data) for run in self.runs)

    def header(self, body: bytes, body_at: int) -> bytes:
        """Return the header for a body at an offset of the file, or right behind the header if that is 0."""
        packed = _HEADER.pack(
            _MAGIC,
            _RETIRED if self.retired else 0,
            self.sequence,
            self.end,
            len(self.runs),
            len(self.fresh),
            len(body),
            body_at,
            crc32_of(body),
        )
        return packed + _CHECK.pack(crc32_of(packed))


@dataclass(frozen=True)
class State:
    """Where a file stands: the sequence number of its newest record and its committed end in bytes."""

    sequence: int
    end: int


@dataclass
class _Sector:
    """What one sector may hold now, and what it shall hold."""

    new: bytes
    old_crc32s: set[int] = field(default_factory=set)
    between: bytes | None = None

    def may_hold(self, data: bytes) -> bool:
        return data in (self.new, self.between) or crc32_of(data) in self.old_crc32s


class Journal:
    """The journal of one file."""

    def __init__(self, device: Device, region: Region) -> None:
        self._device = device
        self._applied_at = region.offset + 2 * PAGE
        self._slots_at = region.offset + 3 * PAGE
        self._slot_bytes = (region.length - 3 * PAGE) // 2 // PAGE * PAGE

    def create(self, end: int) -> None:
        """Write the first records of a new file that ends at `end`; the caller syncs."""
        self.mark_applied(0)
        for sequence in (0, 1):
            self.write(Record(sequence, end, retired=True))

    def write(self, record: Record, spill_at: int = 0) -> None:
        """Write a record to its slot, its body to `spill_at` if the slot is too small; raise StoreFull.

        Durable only once the device was synced.
        """
        body = record.body()
        slot = self._slot(record.sequence)
        if self.spills(record):
            self._device.pwrite(body, spill_at)
            self._device.pwrite(record.header(body, spill_at), slot)
        else:
            self._device.pwrite(record.header(body, 0) + body, slot)

    def spills(self, record: Record) -> bool:
        """Tell whether a record is too large for its slot."""
        return record.body_bytes() + _HEADER.size + _CHECK.size > self._slot_bytes

    def mark_applied(self, sequence: int) -> None:
        """Note that a record's sectors were written in place, for telling damage from a crash later."""
        packed = _APPLIED.pack(_APPLIED_MAGIC, sequence)
        self._device.pwrite(packed + _CHECK.pack(crc32_of(packed)), self._applied_at)

    def retire(self, state: State) -> State:
        """Make all records superfluous: what they changed becomes durable in place. Raise StoreError."""
        for _ in range(2):
            self._device.sync()
            state = State(state.sequence + 1, state.end)
            self.write(Record(state.sequence, state.end, retired=True))
        self._device.sync()
        return state

    def recover(self) -> State:
        """Bring the file to its newest committed state; raise StoreFormatError if it can't be told for sure.

        It may be interrupted anywhere and called again.
        """
        records = self._newest()
        applied = self._applied()
        if not records or records[-1].sequence < applied:
            raise _damaged(self._device)
        torn = records[-1].sequence > applied and not self._fresh_is_there(records[-1])
        if torn:
            # The newest record's bytes hadn't all reached the disk, so it was never acknowledged.
            records.pop()
            if not records:
                raise _damaged(self._device)
        state = State(records[-1].sequence, max(records[-1].end, self._device.size()))
        if records[-1].retired and not torn:
            return state
        self._replay(records)
        return self.retire(state)

    def _replay(self, records: list[Record]) -> None:
        planned = _planned(records)
        wrong = []
        for number, sector in planned.items():
            now = self._device.pread(SECTOR, number * SECTOR).ljust(SECTOR, b"\0")
            if not sector.may_hold(now):
                wrong.append(number)
        if wrong:
            raise _edited(self._device, wrong)
        for number, sector in planned.items():
            self._device.pwrite(sector.new, number * SECTOR)

    def _newest(self) -> list[Record]:
        """Return the records that matter, the newest last: two that follow each other, or one, or none."""
        found = [record for record in (self._load(slot) for slot in (0, 1)) if record is not None]
        found.sort(key=lambda record: record.sequence)
        if len(found) == 2 and found[0].sequence + 1 != found[1].sequence:
            return found[1:]
        return found

    def _load(self, slot: int) -> Record | None:
        raw = self._device.pread(_HEADER.size + _CHECK.size, self._slot(slot))
        if len(raw) < _HEADER.size + _CHECK.size or raw[:4] != _MAGIC:
            return None
        if _CHECK.unpack(raw[_HEADER.size :])[0] != crc32_of(raw[: _HEADER.size]):
            return None
        _, flags, sequence, end, runs, fresh, length, body_at, crc32 = _HEADER.unpack(raw[: _HEADER.size])
        body = self._device.pread(length, body_at or self._slot(slot) + len(raw))
        if len(body) != length or sequence % 2 != slot or not self._is_whole(body, crc32):
            return None
        return Record(sequence, end, *_parse_body(body, runs, fresh), retired=bool(flags & _RETIRED))

    def _applied(self) -> int:
        raw = self._device.pread(_APPLIED.size + _CHECK.size, self._applied_at)
        body = raw[: _APPLIED.size]
        if len(raw) != _APPLIED.size + _CHECK.size or _CHECK.unpack(raw[_APPLIED.size :])[0] != crc32_of(body):
            raise _damaged(self._device)
        return int(_APPLIED.unpack(body)[1])

    def _fresh_is_there(self, record: Record) -> bool:
        return all(_crc32_at(self._device, fresh) == fresh.crc32 for fresh in record.fresh)

    def _is_whole(self, body: bytes, crc32: int) -> bool:
        return crc32_of(body) == crc32

    def _slot(self, sequence: int) -> int:
        return self._slots_at + sequence % 2 * self._slot_bytes


def _parse_body(body: bytes, run_count: int, fresh_count: int) -> tuple[tuple[Run, ...], tuple[Fresh, ...]]:
    heads = [_RUN.unpack_from(body, i * _RUN.size) for i in range(run_count)]
    at = run_count * _RUN.size
    old_crc32s = []
    for _, count in heads:
        old_crc32s.append(struct.unpack_from(f"<{count}I", body, at))
        at += 4 * count
    fresh = tuple(Fresh(*_FRESH.unpack_from(body, at + i * _FRESH.size)) for i in range(fresh_count))
    at += fresh_count * _FRESH.size
    runs = []
    for (first, count), old in zip(heads, old_crc32s, strict=True):
        runs.append(Run(first, old, body[at : at + count * SECTOR]))
        at += count * SECTOR
    return tuple(runs), fresh


def _planned(records: Iterable[Record]) -> dict[int, _Sector]:
    """Return by sector number what replaying the records in order comes to."""
    planned: dict[int, _Sector] = {}
    for record in records:
        for run in record.runs:
            for i, old_crc32 in enumerate(run.old_crc32s):
                new = run.data[i * SECTOR : (i + 1) * SECTOR]
                before = planned.get(run.first + i)
                sector = _Sector(new, {old_crc32})
                if before is not None:
                    sector = _Sector(new, before.old_crc32s | {old_crc32}, between=before.new)
                planned[run.first + i] = sector
    return planned


def _crc32_at(device: Device, fresh: Fresh) -> int | None:
    """Return the checksum of what stands in an extent, or None if the file ends before it."""
    crc32, at, end = 0, fresh.offset, fresh.offset + fresh.length
    while at < end:
        data = device.pread(min(_CRC_READ_BYTES, end - at), at)
        if not data:
            return None
        crc32, at = crc32_of(data, crc32), at + len(data)
    return crc32


def _damaged(device: Device) -> StoreFormatError:
    return StoreFormatError(
        f"The journal of {device.path} is damaged, so its last changes can't be told for sure. The file was not "
        "touched. Restore it from a backup, or copy the photos out with an HDF5 tool.",
        path=str(device.path),
    )


def _edited(device: Device, sectors: list[int]) -> StoreFormatError:
    return StoreFormatError(
        f"{device.path} was changed by another program after the gallery had been interrupted: {len(sectors)} "
        f"places, the first at byte {sectors[0] * SECTOR}, hold neither the old nor the new bytes. The file was not "
        "touched. Restore it as it was before that program, or from a backup.",
        path=str(device.path),
    )
