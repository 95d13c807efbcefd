"""Gallery files as earlier versions of the program left them."""

from pathlib import Path

import h5py

from app.store import region
from app.store.device import FileDevice


def into_format_1(path: Path) -> None:
    """Take from a closed file of format 2 what format 1 hadn't: the versions of the models behind its features."""
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 1
        items: list[h5py.Dataset | h5py.Group] = []
        file.visititems(lambda name, item: items.append(item))
        for item in items:
            if isinstance(item, h5py.Dataset) and {"model", "version"} <= item.attrs.keys():
                del item.attrs["version"]
    device = FileDevice(path)
    found = region.find(device)
    device.pwrite(region.Region(found.offset, found.length, 1, found.file_id).packed(), found.offset)
    device.close()
