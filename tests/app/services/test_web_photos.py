"""Photos by address: only from public servers, whatever names, redirects and resolvers say."""

from collections.abc import Iterator

import pytest

from app.errors import BadAddress, DownloadFailed, GalleryError, UploadTooLarge
from app.services.public_addresses import PublicAddresses, is_public
from app.services.web_photos import WebPhotos
from tests.app.services.web_server import TLS, Names, WebServer, loopback_addresses, web_server
from tests.photos import drawn_photo

LIMIT_BYTES = 1_000_000
HERE = ["127.0.0.1"]
PUBLIC = ["93.184.216.34"]


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as running:
        yield running


def photos(timeout_s: float = 10.0, **names: list[str]) -> WebPhotos:
    return WebPhotos(LIMIT_BYTES, loopback_addresses(**names), timeout_s)


def test_a_photo_comes_with_the_name_of_its_address(web: WebServer) -> None:
    web.pages["/album/cat%20one.jpg?size=large"] = photo = drawn_photo()
    upload = photos(photos=HERE).fetch(web.url("/album/cat%20one.jpg?size=large#top"))
    assert (upload.filename, upload.data) == ("cat one.jpg", photo)
    assert web.asked == [("/album/cat%20one.jpg?size=large", f"photos.example:{web.port}")]


def test_redirects_are_followed_and_each_is_judged(web: WebServer) -> None:
    web.pages |= {"/a": "/b.jpg", "/b.jpg": web.url("/c.jpg", "other.example"), "/c.jpg": b"photo"}
    assert photos(photos=HERE, other=HERE).fetch(web.url("/a")).data == b"photo"
    web.pages["/b.jpg"] = web.url("/c.jpg", "inside.example")
    with pytest.raises(BadAddress, match=r"isn't a public server"):
        photos(photos=HERE, inside=["10.0.0.1"]).fetch(web.url("/a"))
    web.pages["/b.jpg"] = "file:///etc/passwd"
    with pytest.raises(BadAddress, match="http"):
        photos(photos=HERE).fetch(web.url("/a"))


def test_redirects_end_somewhere(web: WebServer) -> None:
    web.pages["/a"] = "/a"
    with pytest.raises(DownloadFailed, match="more than 5 times"):
        photos(photos=HERE).fetch(web.url("/a"))
    assert len(web.asked) == 6


def test_the_connection_goes_to_the_address_that_was_judged(web: WebServer) -> None:
    """A name that is public when it is judged and ours a moment later (DNS rebinding) is looked up only once."""
    web.pages["/photo.jpg"] = b"photo"
    names = Names(photos=["127.0.0.1", "10.0.0.1"])
    fetched = WebPhotos(LIMIT_BYTES, PublicAddresses(names, lambda address: str(address) == "127.0.0.1"))
    assert fetched.fetch(web.url("/photo.jpg")).data == b"photo"
    assert names.asked == ["photos.example"]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fec0::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:93.184.216.34", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:4136:e378::",
        "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_inside_are_refused(address: str) -> None:
    names = Names(inside=[address])
    with pytest.raises(BadAddress, match="isn't a public server"):
        WebPhotos(LIMIT_BYTES, PublicAddresses(names)).fetch("http://inside.example/photo.jpg")


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "2002:5db8:d822::"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    import ipaddress

    assert is_public(ipaddress.ip_address(address))


def test_one_inner_address_among_public_ones_is_reason_enough() -> None:
    both = PublicAddresses(lambda host, port: ["93.184.216.34", "127.0.0.1"])
    with pytest.raises(BadAddress):
        both.of("photos.example", 80)


@pytest.mark.parametrize(
    "url",
    [
        "", "photo.jpg", "ftp://photos.example/a.jpg", "file:///etc/passwd", "data:image/png;base64,AA", "http://",
        "http:///a.jpg", "http://name:secret@photos.example/a.jpg", "http://name@photos.example/a.jpg",
        "http://photos.example:25/a.jpg", "http://photos.example:99999/a.jpg", "http://[::1/a.jpg",
        "http://" + "a" * 300 + "/a.jpg", "http://photos.example/" + "a" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_plain_web_address_is_refused_unasked(url: str) -> None:
    names = Names(photos=HERE)
    with pytest.raises(BadAddress):
        WebPhotos(LIMIT_BYTES, PublicAddresses(names)).fetch(url)
    assert names.asked == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://127.1/", "http://0x7f.1/", "http://2130706433/", "http://localhost/"]
)
def test_this_machine_is_refused_however_it_is_written(url: str) -> None:
    with pytest.raises(BadAddress):
        WebPhotos(LIMIT_BYTES).fetch(url)


def test_too_much_is_cut_off_while_it_comes(web: WebServer) -> None:
    web.pages["/photo.jpg"] = bytes(LIMIT_BYTES + 1)
    with pytest.raises(UploadTooLarge, match="1,000,000 bytes"):
        photos(photos=HERE).fetch(web.url("/photo.jpg"))


def test_a_server_that_dawdles_is_given_up(web: WebServer) -> None:
    web.pages["/photo.jpg"], web.drip = bytes(1000), True
    with pytest.raises(DownloadFailed, match="longer than 0 s"):
        photos(timeout_s=0.2, photos=HERE).fetch(web.url("/photo.jpg"))


def test_a_refusal_and_a_closed_port_are_told(web: WebServer) -> None:
    with pytest.raises(DownloadFailed, match="404 Not Found"):
        photos(photos=HERE).fetch(web.url("/nothing.jpg"))
    with pytest.raises(DownloadFailed, match=r"photos\.example can't be reached: the connection failed"):
        photos(photos=HERE).fetch("http://photos.example:9/photo.jpg".replace(":9/", ":1025/"))


def test_the_certificate_must_be_that_of_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with web_server(tls=True) as web:
        web.pages["/photo.jpg"] = b"photo"
        url = web.url("/photo.jpg", scheme="https")
        with pytest.raises(DownloadFailed, match="certificate"):
            photos(photos=HERE).fetch(url)
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(TLS / "certificate.pem"))
        assert photos(photos=HERE).fetch(url).data == b"photo"
        with pytest.raises(DownloadFailed, match="certificate"):
            photos(other=HERE).fetch(web.url("/photo.jpg", "other.example", "https"))


def test_proxies_of_the_environment_are_not_asked(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    web.pages["/photo.jpg"] = b"photo"
    assert photos(photos=HERE).fetch(web.url("/photo.jpg")).data == b"photo"


def test_a_name_that_there_is_not() -> None:
    with pytest.raises(GalleryError, match="No server is called"):
        photos(photos=PUBLIC).fetch("http://nowhere.example/photo.jpg")
