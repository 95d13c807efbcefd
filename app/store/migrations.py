"""Brings files of older format versions up to date, in the same commit that raises their version."""

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import h5py

from app.errors import StoreFormatError
from app.store import schema
from app.store.region import Region
from app.store.transactional_file import TransactionalFile

Migration = Callable[[Any], None]
"""Changes an open `h5py.File` of one version into one of the next."""


def note_versions(file: Any) -> None:
    """Say in the attributes of each model's datasets which version made them: before format 2 there was but one.

    In format 2 a model may lack what it says nothing of, and the group `models` may say which ones are in use.
    """

    def visit(_name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and "model" in item.attrs:
            item.attrs["version"] = 1

    file.visititems(visit)


MIGRATIONS: Mapping[int, Migration] = {1: note_versions}
"""By the version that each starts from. Version 1 is the first."""


def expect_a_way_up(region: Region, migrations: Mapping[int, Migration] = MIGRATIONS) -> None:
    """Raise StoreFormatError for a file that is too old."""
    if any(version not in migrations for version in range(region.format_version, schema.FORMAT_VERSION)):
        raise StoreFormatError(
            f"This gallery file has format version {region.format_version}, which this program can't bring to "
            f"version {schema.FORMAT_VERSION}. It was not touched. Open it with an older version of the program.",
            format_version=region.format_version,
        )


def migrate(
    region: Region, hdf5: Any, blocks: TransactionalFile, migrations: Mapping[int, Migration] = MIGRATIONS
) -> Region:
    """Bring a file to the present version within the caller's commit."""
    for version in range(region.format_version, schema.FORMAT_VERSION):
        migrations[version](hdf5)
    hdf5.attrs["format_version"] = schema.FORMAT_VERSION
    present = replace(region, format_version=schema.FORMAT_VERSION)
    blocks.seek(present.offset, io.SEEK_SET)
    blocks.write(present.packed())
    return present
