"""A training's state on disk, so that one that was interrupted goes on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from model_server.errors import TrainingError


def write_checkpoint(path: Path, identity: str, step: int, elapsed_s: float, variables: Sequence[Any]) -> None:
    """Write the values of *variables* to *path*, which is whole or not changed at all."""
    arrays = {f"v{number}": np.asarray(variable) for number, variable in enumerate(variables)}
    fresh = path.with_suffix(".new.npz")
    np.savez(fresh, allow_pickle=False, identity=identity, step=step, elapsed_s=elapsed_s, **arrays)
    fresh.replace(path)


def read_checkpoint(path: Path, identity: str, variables: Sequence[Any]) -> tuple[int, float] | None:
    """Fill *variables* from *path* and return step and elapsed seconds, None if there is no such file.

    Raises TrainingError if the file is damaged or of another training than *identity*.
    """
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            if str(archive["identity"]) != identity:
                raise TrainingError(
                    f"{path} is of a training with other photos, labels or settings; "
                    f"give those again, or start anew with --restart"
                )
            for number, variable in enumerate(variables):
                variable.assign(archive[f"v{number}"])
            return int(archive["step"]), float(archive["elapsed_s"])
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise TrainingError(f"{path} is damaged ({error}); start anew with --restart") from error
