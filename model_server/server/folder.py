"""What lies in a folder of models: `<models>/<name>/<version>/saved_model.pb`; no TensorFlow here."""

from pathlib import Path


def find_versions(folder: Path) -> dict[str, dict[int, Path]]:
    """Return the version folders of each model in `folder`; a version is a folder whose name is a number."""
    found: dict[str, dict[int, Path]] = {}
    for saved_model in folder.glob("*/*/saved_model.pb"):
        version = saved_model.parent
        if version.name.isascii() and version.name.isdigit():
            found.setdefault(version.parent.name, {})[int(version.name)] = version
    return found
