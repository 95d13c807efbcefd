"""Who may call: only this machine, only our own pages, only with the password where there is one."""

import base64

import pytest
from flask.testing import FlaskClient

from app.services.gallery import Gallery
from app.settings import Settings
from tests.app.web.api_calls import API, error_of, upload
from tests.conftest import make_client
from tests.photos import drawn_photo


def test_a_foreign_host_name_is_refused(client: FlaskClient) -> None:
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 403
    for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_more_host_names_can_be_allowed(settings: Settings, fake_gallery: Gallery) -> None:
    allowed = make_client(Settings(data=settings.data, allowed_hosts="photos.example, other.example"), fake_gallery)
    assert allowed.get("/healthz", headers={"Host": "photos.example"}).status_code == 200
    assert allowed.get("/healthz", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_sites_page_cannot_change_anything(client: FlaskClient, headers: dict[str, str]) -> None:
    (photo_id,) = [item["id"] for item in upload(client, ("a.jpg", drawn_photo(1))).get_json()["items"]]
    answer = client.delete(f"{API}/images/{photo_id}", headers=headers)
    assert answer.status_code == 403
    assert error_of(answer)["code"] == "access_denied"
    assert client.get(f"{API}/images/{photo_id}").status_code == 200


def test_our_own_pages_and_programs_can(client: FlaskClient) -> None:
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    (photo_id,) = [item["id"] for item in upload(client, ("a.jpg", drawn_photo(1))).get_json()["items"]]
    assert client.delete(f"{API}/images/{photo_id}", headers=own).status_code == 204


def test_with_a_password_everything_but_health_asks_for_it(settings: Settings, fake_gallery: Gallery) -> None:
    guarded = make_client(Settings(data=settings.data, password="open sesame"), fake_gallery)
    for path in ("/", f"{API}/images", "/metrics", "/openapi.json"):
        answer = guarded.get(path)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert guarded.get("/healthz").status_code == 200
    wrong = base64.b64encode("me:öpen".encode()).decode()
    assert guarded.get(f"{API}/images", headers={"Authorization": f"Basic {wrong}"}).status_code == 401
    right = base64.b64encode(b"me:open sesame").decode()
    assert guarded.get(f"{API}/images", headers={"Authorization": f"Basic {right}"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs", f"{API}/images", "/no-such-page"])
def test_every_answer_binds_the_browser(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
