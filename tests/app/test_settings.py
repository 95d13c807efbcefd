"""Settings come from the environment; what can't work or isn't safe is refused by name."""

from pathlib import Path

import pytest

from app.errors import SettingsError
from app.settings import Settings, is_loopback


def test_defaults_listen_on_loopback_only() -> None:
    settings = Settings.from_environment({})
    assert is_loopback(settings.host)
    assert settings.max_upload_bytes == 50 * 1024 * 1024


def test_values_are_read_from_the_environment(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {
            "GALLERY_DATA": str(tmp_path / "my.h5"),
            "GALLERY_CATALOGUE": str(tmp_path / "models"),
            "GALLERY_PORT": "8080",
            "GALLERY_MODEL_TIMEOUT_S": "2.5",
            "PORT": "1",
        }
    )
    assert settings.data == tmp_path / "my.h5"
    assert settings.catalogue == tmp_path / "models"
    assert settings.port == 8080
    assert settings.model_timeout_s == 2.5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GALLERY_PORT", "eighty"),
        ("GALLERY_PORT", "70000"),
        ("GALLERY_MAX_UPLOAD_BYTES", "0"),
        ("GALLERY_MODEL_TIMEOUT_S", "-1"),
        ("GALLERY_LOG_FORMAT", "xml"),
    ],
)
def test_impossible_values_are_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({name: value})


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "gallery.example.org"])
def test_listening_beyond_loopback_needs_a_password(host: str) -> None:
    with pytest.raises(SettingsError, match="GALLERY_PASSWORD"):
        Settings.from_environment({"GALLERY_HOST": host})
    assert Settings.from_environment({"GALLERY_HOST": host, "GALLERY_PASSWORD": "secret"}).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "[::1]", "localhost"])
def test_loopback_needs_none(host: str) -> None:
    assert Settings.from_environment({"GALLERY_HOST": host}).password == ""


def test_in_a_container_the_published_address_decides() -> None:
    inside = {"GALLERY_HOST": "0.0.0.0", "GALLERY_PUBLISHED_HOST": "127.0.0.1"}
    assert Settings.from_environment(inside).password == ""
    with pytest.raises(SettingsError, match="GALLERY_PUBLISHED_HOST"):
        Settings.from_environment(inside | {"GALLERY_PUBLISHED_HOST": "0.0.0.0"})
