"""A consistent copy of the gallery file while it is written to."""

from contextlib import suppress
from pathlib import Path

from app.errors import StoreError
from app.store import region
from app.store.device import Device, FileDevice
from app.store.gallery_file import GalleryFile, appear, name_aside
from app.store.schema import MIB, PAGE
from app.store.verify import Progress

_PIECE_BYTES = 4 * MIB
_ROUNDS = 5
_FEW_PAGES = 256


def back_up(file: GalleryFile, path: Path, progress: Progress) -> None:
    """Copy the file to `path`, which must not exist; raise StoreError or StoreFull.

    The whole file is copied while work goes on, then what was written meanwhile, and the little that is left in a
    moment in which nothing is committed. The copy appears under its name whole or not at all.
    """
    aside = name_aside(path)
    try:
        if path.exists():
            raise StoreError(f"{path} exists already; name a new file for the backup.", path=str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        with file.device.noting_writes() as written:
            aside.touch(exist_ok=False)
            copy = FileDevice(aside)
            try:
                _copy(file, copy, written, progress)
            finally:
                copy.close()
        appear(aside, path)
    except OSError as error:
        raise StoreError(f"The backup {path} can't be made: {error.strerror}.", path=str(path)) from error
    finally:
        with suppress(OSError):  # where the folder itself is the trouble, that was said already
            aside.unlink(missing_ok=True)


def _copy(file: GalleryFile, copy: FileDevice, written: set[int], progress: Progress) -> None:
    size = file.device.size()
    for start, stop in file.device.data_ranges():
        for at in range(start, stop, _PIECE_BYTES):
            copy.pwrite(file.device.pread(min(_PIECE_BYTES, stop - at), at), at)
            progress(min(at + _PIECE_BYTES, size), size)
    for _ in range(_ROUNDS):
        if len(written) < _FEW_PAGES:
            break
        _copy_pages(file.device, copy, written)
    with file.lock:
        file.expect_open()
        file.blocks.retire()
        _copy_pages(file.device, copy, written)
        copy.truncate(file.device.size())
        copied = region.find(copy)
    region.write_owner(copy, copied, {})
    copy.sync()
    progress(size, size)


def _copy_pages(device: Device, copy: FileDevice, written: set[int]) -> None:
    """Copy the pages noted so far; those written during this are noted again."""
    numbers = list(written)
    for number in numbers:
        written.discard(number)
        copy.pwrite(device.pread(PAGE, number * PAGE), number * PAGE)
