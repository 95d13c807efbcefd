"""The file that h5py sees: whatever HDF5 writes stays in memory until a commit, and a commit is whole or absent."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.errors import StoreError, StoreFull
from app.store.crc import crc32_of
from app.store.device import Device
from app.store.journal import SECTOR, Fresh, Journal, Record, Run, State
from app.store.schema import PAGE

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class TransactionalFile(io.RawIOBase):
    """A file object for `h5py.File`.

    `_pages` holds changed pages by page number, `_before` what they held. Pages before `_base`, the committed end
    rounded up, are committed ones: their changed sectors go through the journal. Pages behind it are fresh: nothing
    committed refers to them, so they are written in place before the commit point. Nothing reaches the disk outside
    of `commit` and `retire`, so no disk error ever strikes in the middle of an HDF5 call.
    """

    def __init__(self, device: Device, journal: Journal, spare_bytes: int) -> None:
        super().__init__()
        self._device = device
        self._journal = journal
        self._spare_bytes = spare_bytes
        self._state = journal.recover()
        self._reserved = self._state.end
        self._holes: list[tuple[int, int]] = []
        self._position = 0
        self._failed = False
        self._end = self._hdf5_end = self._state.end
        self._pages: dict[int, bytearray] = {}
        self._before: dict[int, bytes] = {}
        self._base = 0
        self._begin()

    # ---- what h5py calls ----

    def readable(self) -> bool:
        """Tell that reading works."""
        return True

    def writable(self) -> bool:
        """Tell that writing works."""
        return True

    def seekable(self) -> bool:
        """Tell that seeking works."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._end}[whence]
        self._position = start + offset
        return self._position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill a buffer from the position on, uncommitted changes included; zeros behind the end."""
        view = memoryview(buffer).cast("B")
        start, stop = self._position, self._position + len(view)
        got = self._device.pread_into(view, start)
        view[got:] = bytes(len(view) - got)
        if self._pages:
            for number in range(start // PAGE, -(-stop // PAGE)):
                page = self._pages.get(number)
                if page is not None:
                    a, b = max(start, number * PAGE), min(stop, (number + 1) * PAGE)
                    view[a - start : b - start] = page[a - number * PAGE : b - number * PAGE]
        self._position = stop
        return len(view)

    def write(self, data: "ReadableBuffer") -> int:
        """Keep bytes for the next commit."""
        view = memoryview(data).cast("B")
        start, done = self._position, 0
        while done < len(view):
            number, offset = divmod(start + done, PAGE)
            length = min(PAGE - offset, len(view) - done)
            self._page(number)[offset : offset + length] = view[done : done + length]
            done += length
        self._position = start + done
        self._end = max(self._end, self._position)
        return done

    def truncate(self, size: int | None = None) -> int:
        """Learn where HDF5 sees the end; the file itself shrinks in `close_clean` only."""
        self._hdf5_end = self._position if size is None else size
        self._end = max(self._end, self._hdf5_end)
        return self._hdf5_end

    def flush(self) -> None:
        """Do nothing: only a commit makes anything durable."""

    # ---- what the store calls ----

    def leave_hole(self, start: int, stop: int) -> None:
        """Don't reserve disk room for a range: whoever writes there copes with a full disk."""
        self._holes.append((start, stop))

    def commit(self, written: Sequence[Fresh], *, use_spare: bool = False) -> None:
        """Make all writes since the last commit durable, with the bytes `written` meanwhile in their final place.

        Raise StoreFull with nothing changed; with `use_spare` not before the last reserved room is used up. Raise
        StoreError if the disk failed; then the outcome is known only after opening the file again.
        """
        self.expect_usable()
        runs, pages = self._changed_sectors(), self._fresh_pages()
        if not runs and not pages and not written and self._end == self._state.end:
            return
        fresh = [Fresh(offset, len(data), crc32_of(data)) for offset, data in pages]
        record = Record(self._state.sequence + 1, self._end, tuple(runs), (*fresh, *written))
        spills, spill_at = self._journal.spills(record), _page_up(self._end)
        self._reserve(spill_at + record.body_bytes() if spills else self._end, use_spare)
        for offset, data in pages:
            self._device.pwrite(data, offset)
        self._journal.write(record, spill_at)
        with _Poison(self):
            self._reach_commit_point(record)
            self._apply(record)
            if spills:
                # The next commit may write where the record's body stands.
                self._state = self._journal.retire(self._state)
        self._begin()

    def _reach_commit_point(self, record: Record) -> None:
        self._device.sync()  # Durable from here on; only now may anybody hear of it.
        self._state = State(record.sequence, record.end)

    def _apply(self, record: Record) -> None:
        """Change the sectors in place; the next commit's sync makes that durable, and until then the record is."""
        for run in record.runs:
            self._device.pwrite(run.data, run.first * SECTOR)
        self._journal.mark_applied(record.sequence)

    def discard(self) -> None:
        """Forget all writes since the last commit, and where HDF5 saw the end meanwhile."""
        self._begin()
        self._hdf5_end = self._state.end

    def expect_usable(self) -> None:
        """Raise StoreError after the disk failed in a commit."""
        if self._failed:
            raise StoreError(
                f"The disk failed while {self._device.path} was written, so nothing more is changed until the "
                "gallery was restarted. What is stored can be read. Look at the system's log for the disk's errors.",
                path=str(self._device.path),
            )

    def retire(self) -> None:
        """Make the journal superfluous: the file in its place is complete. Raise StoreError."""
        self.expect_usable()
        with _Poison(self):
            self._state = self._journal.retire(self._state)

    def close_clean(self) -> None:
        """Retire the journal and let the file end where HDF5 says; call it after h5py has closed."""
        self.commit([], use_spare=True)
        with _Poison(self):
            self._state = self._journal.retire(State(self._state.sequence, self._hdf5_end))
            self._device.truncate(self._hdf5_end)

    def _begin(self) -> None:
        self._pages, self._before = {}, {}
        self._end = self._state.end
        self._base = -(-self._end // PAGE)

    def _page(self, number: int) -> bytearray:
        page = self._pages.get(number)
        if page is None:
            committed = self._device.pread(PAGE, number * PAGE) if number < self._base else b""
            self._before[number] = committed.ljust(PAGE, b"\0")
            page = self._pages[number] = bytearray(self._before[number])
        return page

    def _changed_sectors(self) -> list[Run]:
        runs: list[Run] = []
        for number in sorted(number for number in self._pages if number < self._base):
            runs += _differing(number * PAGE // SECTOR, self._before[number], bytes(self._pages[number]))
        return runs

    def _fresh_pages(self) -> list[tuple[int, bytes]]:
        """Return the fresh pages as runs: offset in the file and bytes."""
        runs: list[tuple[int, bytearray]] = []
        for number in sorted(number for number in self._pages if number >= self._base):
            if runs and runs[-1][0] + len(runs[-1][1]) == number * PAGE:
                runs[-1][1].extend(self._pages[number])
            else:
                runs.append((number * PAGE, bytearray(self._pages[number])))
        return [(offset, bytes(data)) for offset, data in runs]

    def _reserve(self, end: int, use_spare: bool) -> None:
        """Have disk room up to `end` and some to spare, segments left out."""
        end = _page_up(end)
        if end + self._spare_bytes <= self._reserved:
            return
        wanted = end + 2 * self._spare_bytes
        try:
            at = self._reserved
            for start, stop in sorted(self._holes):
                if stop > at:
                    self._device.reserve(at, max(at, min(start, wanted)))
                    at = max(at, stop)
            self._device.reserve(at, max(at, wanted))
        except StoreFull:
            if not use_spare or end > self._reserved:
                raise
            return
        self._reserved = wanted


class _Poison:
    """Refuse all further work if the block fails: what the disk holds isn't known any more."""

    def __init__(self, file: TransactionalFile) -> None:
        self._file = file

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self._file._failed = True
            if not isinstance(error, StoreError) or isinstance(error, StoreFull):
                self._file.expect_usable()


def _differing(first_sector: int, old: bytes, new: bytes) -> list[Run]:
    """Return runs of the sectors in which two equally long pieces of the file differ."""
    runs: list[Run] = []
    for at in range(0, len(old), SECTOR):
        before, after = old[at : at + SECTOR], new[at : at + SECTOR]
        if before == after:
            continue
        number, old_crc32 = first_sector + at // SECTOR, crc32_of(before)
        if runs and runs[-1].first + len(runs[-1].old_crc32s) == number:
            last = runs.pop()
            runs.append(Run(last.first, (*last.old_crc32s, old_crc32), last.data + after))
        else:
            runs.append(Run(number, (old_crc32,), after))
    return runs


def _page_up(offset: int) -> int:
    return -(-offset // PAGE) * PAGE
