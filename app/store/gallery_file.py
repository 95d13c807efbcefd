"""Making, opening, owning and closing the file itself; what is in it is the business of the modules above."""

import contextlib
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py

from app.errors import StoreError, StoreFormatError, StoreLocked
from app.store import region, schema
from app.store.device import Device, FileDevice, sync_folder
from app.store.journal import Fresh, Journal
from app.store.migrations import expect_a_way_up, migrate
from app.store.transactional_file import TransactionalFile


class GalleryFile:
    """An open gallery file that this process owns.

    `lock` is held around every HDF5 call, because the library does one thing at a time. `openings` counts how often
    HDF5 opened the file: after a change that failed it is opened anew, and what was got from it before is of no use.
    """

    def __init__(self, device: Device, spare_bytes: int) -> None:
        self.lock = threading.RLock()
        self.path = device.path
        self.device = device
        self.openings = 0
        self._closed = False
        self._region = region.find(device)
        self._own()
        self.blocks = TransactionalFile(device, Journal(device, self._region), spare_bytes)
        self._region = region.find(device)  # Recovery may have finished a migration.
        expect_a_way_up(self._region)
        self.hdf5 = self._open_hdf5()
        if self._region.format_version < schema.FORMAT_VERSION:
            with self.change():
                self._region = migrate(self._region, self.hdf5, self.blocks)
        # Not before the file was found usable: one that is refused stays as it was.
        region.write_owner(device, self._region, {"pid": os.getpid(), "since": datetime.now(UTC).isoformat()})

    @contextlib.contextmanager
    def change(self, *, use_spare: bool = False) -> Iterator[list[Fresh]]:
        """Commit what the block does to `hdf5`, all or nothing.

        The block may append what it has written in its final place. Raises StoreFull or StoreError.
        """
        with self.lock:
            self.expect_open()
            self.blocks.expect_usable()
            written: list[Fresh] = []
            try:
                yield written
                self.hdf5.flush()
                self.blocks.commit(written, use_spare=use_spare)
            except BaseException:
                self._roll_back()
                raise

    def expect_open(self) -> None:
        """Raise StoreError once the file was closed."""
        if self._closed:
            raise StoreError(f"The gallery file {self.path} was closed; open it again.")

    def close(self) -> None:
        """Make everything durable and give the file up; raise StoreError."""
        with self.lock:
            if self._closed:
                return
            self._closed = True
            try:
                self.hdf5.close()
                self.blocks.expect_usable()
                region.write_owner(self.device, self._region, {})
                self.blocks.close_clean()
            finally:
                self.device.close()

    def abandon(self) -> None:
        """Let go of HDF5 without changing the file, which turned out to be unusable."""
        with self.lock, contextlib.suppress(OSError, RuntimeError, ValueError):
            self._closed = True
            self.hdf5.close()

    def _own(self) -> None:
        if not self.device.try_lock():
            pid = region.read_owner(self.device, self._region).get("pid")
            owner = "Another program" if pid is None else f"Process {pid}"
            raise StoreLocked(
                f"{owner} has {self.path} open, and only one may. Use its gallery, or stop it first.",
                pid=pid,
                path=str(self.path),
            )

    def _roll_back(self) -> None:
        """Let HDF5 forget the change that failed."""
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            # Closing writes what HDF5 had in mind into memory, where it is forgotten.
            self.hdf5.close()
        self.blocks.discard()
        self.hdf5 = self._open_hdf5()

    def _open_hdf5(self) -> Any:
        self.openings += 1
        try:
            # Row chunks are written through: with a cache each commit would carry whole ones.
            file = h5py.File(self.blocks, "r+", rdcc_nbytes=0)
        except OSError as error:
            raise StoreFormatError(
                f"HDF5 can't open {self.path}: {error}. Restore the file from a backup.", path=str(self.path)
            ) from error
        if file.attrs.get("format") != schema.FORMAT:
            file.close()
            raise StoreFormatError(
                f"{self.path} has lost the attribute that says it is a gallery; restore it from a backup."
            )
        return file


def open_device(path: Path) -> FileDevice:
    """Open an existing file as a device; raise StoreError."""
    if not path.is_file():
        what = "is not a file" if path.exists() else "doesn't exist"
        raise StoreError(f"The gallery file {path} {what}; name an existing one.", path=str(path))
    try:
        return FileDevice(path)
    except OSError as error:
        raise StoreError(f"The gallery file {path} can't be opened: {error.strerror}.", path=str(path)) from error


def create(path: Path, layout: schema.Layout, application_version: str) -> None:
    """Make an empty gallery file that appears under its name whole or not at all; an existing one stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = name_aside(path)
    try:
        _build(aside, layout, application_version)
        appear(aside, path)
    except OSError as error:
        raise StoreError(f"The gallery file {path} can't be made: {error}.", path=str(path)) from error
    finally:
        aside.unlink(missing_ok=True)


def name_aside(path: Path) -> Path:
    """Return a name beside `path` under which nobody else builds."""
    return path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.new")


def appear(aside: Path, path: Path) -> None:
    """Let a durable file stand under its name, unless somebody made one of that name meanwhile."""
    with contextlib.suppress(FileExistsError):
        # A link, unlike a rename, never replaces a file that somebody else made meanwhile.
        os.link(aside, path)
    sync_folder(path.parent)


def _build(path: Path, layout: schema.Layout, application_version: str) -> None:
    with h5py.File(path, "x", rdcc_nbytes=0) as file:
        place = schema.create(file, layout, datetime.now(UTC), application_version)
    device = FileDevice(path)
    try:
        device.reserve(0, device.size())
        Journal(device, region.create(device, place, layout.journal_bytes)).create(device.size())
        device.sync()
    finally:
        device.close()
