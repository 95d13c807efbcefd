"""Moving a file to where nothing may be overwritten, to another disk too."""

import errno
import os
import secrets
from pathlib import Path

from app.errors import BadParameter, GalleryError

PIECE_BYTES = 1024 * 1024


def expect_free(path: Path) -> None:
    """Raise BadParameter if there is something at `path` already."""
    if os.path.lexists(path):
        raise BadParameter(f"{path} exists already. Name a new file, so that nothing is overwritten.")


def make_folder(folder: Path) -> None:
    """Make a folder unless it is there; raise BadParameter if it can't be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError as error:
        raise BadParameter(f"The folder {folder} can't be made: {error.strerror}.") from error
    if not writable:
        raise BadParameter(f"The folder {folder} can't be written to.")


def move_new_file(source: Path, target: Path) -> None:
    """Move a file to a new name in a folder that is there, under which it appears whole or not at all.

    `source` is gone afterwards in any case. Raises BadParameter if something is at `target`, GalleryError if it
    can't be written there.
    """
    try:
        try:
            _name(source, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _copy(source, target)
        _sync_folder(target.parent)
    except FileExistsError as error:
        raise BadParameter(f"{target} exists already. Name a new file, so that nothing is overwritten.") from error
    except OSError as error:
        raise GalleryError(f"{target} can't be written: {error.strerror}.") from error
    finally:
        source.unlink(missing_ok=True)


def _name(file: Path, target: Path) -> None:
    """Give a file a further name on the same disk; raise FileExistsError if that is taken."""
    try:
        os.link(file, target)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP):
            raise
        # The disk knows no hard links, so nothing better than looking first can be done.
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from error
        file.rename(target)


def _copy(source: Path, target: Path) -> None:
    """Copy to another disk; unused room in the file stays a hole."""
    aside = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with source.open("rb") as file, aside.open("xb") as copy:
            while piece := file.read(PIECE_BYTES):
                if any(piece):
                    copy.write(piece)
                else:
                    copy.seek(len(piece), os.SEEK_CUR)
            copy.truncate()
            copy.flush()
            os.fsync(copy.fileno())
        _name(aside, target)
    finally:
        aside.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
