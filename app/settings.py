"""Everything that can be configured, read once from the environment by the wiring."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import SettingsError
from model_server.catalogue import own_folder

ROOT = Path(__file__).resolve().parent.parent
MIB = 1024 * 1024
LOG_FORMATS = ("text", "json")


@dataclass(frozen=True)
class Settings:
    """The gallery's settings; each is read from the environment variable `GALLERY_` plus its upper-case name."""

    data: Path = ROOT / "data" / "gallery.h5"
    """The gallery file."""
    model_server: str = "local"
    """`host:port` of a server of the TensorFlow Serving API, or `local` to start our own as a child process."""
    models: Path = ROOT / "build" / "models"
    """The folder of built models that the local model server serves."""
    catalogue: Path = field(default_factory=own_folder)
    """The folder of the models that were trained here; `python -m model_server` reads the same variable."""
    model: str = "gallery_default"
    """The model that a new gallery begins with; `gallery models activate` changes it."""
    host: str = "127.0.0.1"
    """The address to listen on; anything beyond loopback asks for a password."""
    port: int = 8000
    published_host: str = ""
    """The address under which others reach it where that isn't `host`: the one that a container's port is published
    on. It decides whether a password is needed."""
    password: str = ""
    """When set, every page and call asks for it (HTTP basic authentication, any user name)."""
    allowed_hosts: str = ""
    """Host names, beside loopback's, under which the gallery may be called; comma-separated, `*` for any."""
    max_upload_bytes: int = 50 * MIB
    """The largest single photo."""
    max_pixels: int = 100_000_000
    """The largest picture that is decoded, width times height."""
    model_timeout_s: float = 30.0
    """How long one call of the model server may take."""
    batch_size: int = 16
    """How many photos go to the model server at once."""
    exact_up_to: int = 4_000_000
    """Photos: beyond so many, the photos like a photo are searched approximately."""
    log_level: str = "INFO"
    log_format: str = "text"
    """`text`, or `json`: one object a line, also for each request answered."""

    def __post_init__(self) -> None:
        """Refuse combinations that can't work or aren't safe."""
        for name in ("max_upload_bytes", "max_pixels", "model_timeout_s", "batch_size"):
            if getattr(self, name) <= 0:
                raise SettingsError(f"GALLERY_{name.upper()} must be above 0, not {getattr(self, name)}.")
        if self.log_format not in LOG_FORMATS:
            raise SettingsError(f"GALLERY_LOG_FORMAT must be {' or '.join(LOG_FORMATS)}, not {self.log_format!r}.")
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"GALLERY_PORT must be between 0 and 65535, not {self.port}.")
        reachable, setting = (
            (self.published_host, "GALLERY_PUBLISHED_HOST") if self.published_host else (self.host, "GALLERY_HOST")
        )
        if not self.password and not is_loopback(reachable):
            raise SettingsError(
                f"{setting} is {reachable}, which other machines can reach, but GALLERY_PASSWORD is not set. "
                "Set a password, or listen on 127.0.0.1."
            )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings; raise SettingsError for a value that its setting can't have."""
        values: dict[str, object] = {}
        for name, default in cls.defaults().items():
            text = environment.get(f"GALLERY_{name.upper()}")
            if text is not None and text != "":
                values[name] = _parse(name, text, type(default))
        return cls(**values)  # type: ignore[arg-type]

    @classmethod
    def defaults(cls) -> dict[str, object]:
        """Return each setting's name and default."""
        return dict(vars(cls()))


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _parse(name: str, text: str, kind: type[object]) -> object:
    if issubclass(kind, Path):
        return Path(text).expanduser().resolve()
    try:
        return {int: int, float: float, str: str}[kind](text)
    except ValueError as error:
        raise SettingsError(f"GALLERY_{name.upper()} must be a number, not {text!r}.") from error
