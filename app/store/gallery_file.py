"""Making, opening, owning and closing the file itself; what is in it is the business of the modules above."""

import contextlib
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py

from app.errors import StoreError, StoreFormatError, StoreLocked
from app.store import region, schema
from app.store.device import FileDevice, no_room, sync_folder

_SPARE_BYTES = 16 * schema.MIB
"""Uploads stop while the disk still has this much, so that rows, deletes and a clean stop find room."""


class GalleryFile:
    """An open gallery file that this process owns.

    `lock` is held around every HDF5 call, because the library does one thing at a time.
    """

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self.path = path
        self.device = _open_device(path)
        try:
            self._region = region.find(self.device)
            self._own()
            self.hdf5 = _open_hdf5(path)
        except BaseException:
            self.device.close()
            raise

    def commit(self) -> None:
        """Make every change so far durable; raise StoreError."""
        with self.lock:
            self.hdf5.flush()
            self.device.sync()

    def expect_room(self, need_bytes: int) -> None:
        """Raise StoreFull if the disk can't take so many bytes more."""
        if self.device.free_bytes() < need_bytes + _SPARE_BYTES:
            raise no_room(self.path)

    def close(self) -> None:
        """Make everything durable and give the file up."""
        with self.lock:
            try:
                region.write_owner(self.device, self._region, {})
                self.hdf5.close()
                self.device.sync()
            finally:
                self.device.close()

    def _own(self) -> None:
        if not self.device.try_lock():
            pid = region.read_owner(self.device, self._region).get("pid", "unknown")
            raise StoreLocked(
                f"Process {pid} has {self.path} open, and only one may. Use its gallery, or stop it first.",
                pid=pid,
                path=str(self.path),
            )
        region.write_owner(self.device, self._region, {"pid": os.getpid(), "since": datetime.now(UTC).isoformat()})


def create(path: Path, layout: schema.Layout, application_version: str) -> None:
    """Make an empty gallery file that appears under its name whole or not at all; an existing one stays."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.new")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _build(aside, layout, application_version)
        with contextlib.suppress(FileExistsError):
            # A link, unlike a rename, never replaces a file that somebody else made meanwhile.
            os.link(aside, path)
    except OSError as error:
        raise StoreError(f"The gallery file {path} can't be made: {error}.", path=str(path)) from error
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(path.parent)


def _build(path: Path, layout: schema.Layout, application_version: str) -> None:
    with h5py.File(path, "x", rdcc_nbytes=0) as file:
        place = schema.create(file, layout, datetime.now(UTC), application_version)
    device = FileDevice(path)
    try:
        region.create(device, place, layout.journal_bytes)
        device.sync()
    finally:
        device.close()


def _open_device(path: Path) -> FileDevice:
    if not path.is_file():
        what = "is not a file" if path.exists() else "doesn't exist"
        raise StoreError(f"The gallery file {path} {what}; name an existing one.", path=str(path))
    try:
        return FileDevice(path)
    except OSError as error:
        raise StoreError(f"The gallery file {path} can't be opened: {error.strerror}.", path=str(path)) from error


def _open_hdf5(path: Path) -> Any:
    try:
        # Row chunks are written through: with a cache they'd wait in memory, and each commit would carry whole ones.
        file = h5py.File(path, "r+", rdcc_nbytes=0)
    except OSError as error:
        raise StoreFormatError(
            f"HDF5 can't open {path}: {error}. Restore the file from a backup.", path=str(path)
        ) from error
    if file.attrs.get("format") != schema.FORMAT:
        file.close()
        raise StoreFormatError(f"{path} has lost the attribute that says it is a gallery; restore it from a backup.")
    return file
