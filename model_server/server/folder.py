"""What lies in a folder of models: `<models>/<name>/<version>/saved_model.pb`; no TensorFlow here."""

from pathlib import Path

SERVED_VERSIONS = 2
"""The newest one, and the one before for galleries whose photos the newest hasn't all seen yet."""


def find_versions(folder: Path) -> dict[str, dict[int, Path]]:
    """Return the version folders of each model in `folder`; a version is a folder whose name is a number."""
    found: dict[str, dict[int, Path]] = {}
    for saved_model in folder.glob("*/*/saved_model.pb"):
        version = saved_model.parent
        if version.name.isascii() and version.name.isdigit():
            found.setdefault(version.parent.name, {})[int(version.name)] = version
    return found


def served_versions(folder: Path) -> dict[str, dict[int, Path]]:
    """Return the folders of those versions of each model that are served, the newest version first."""
    return {
        name: {version: versions[version] for version in sorted(versions, reverse=True)[:SERVED_VERSIONS]}
        for name, versions in sorted(find_versions(folder).items())
    }
