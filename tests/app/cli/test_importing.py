import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.errors import StoreFull
from app.services.photo_ids import photo_id_of
from tests.app.cli.command_line import CommandLine
from tests.app.cli.conftest import MakeFolder


def test_a_folder_is_imported_and_ready(gallery: CommandLine, photos: MakeFolder) -> None:
    folder = photos("one.jpg", 'zwei \u00fc \u65e5\u672c "2".JPG')
    answer = gallery.json("import", folder)
    assert (answer["imported"], answer["duplicates"], answer["failed"]) == (2, 0, 0)
    assert [Path(item["source"]).name for item in answer["items"]] == ["one.jpg", 'zwei \u00fc \u65e5\u672c "2".JPG']
    assert [item["filename"] for item in answer["items"]] == ["one.jpg", 'zwei \u00fc \u65e5\u672c "2".JPG']
    assert [item["state"] for item in answer["items"]] == ["ready", "ready"]
    assert answer["items"][0]["id"] == photo_id_of((folder / "one.jpg").read_bytes())


def test_what_was_imported_before_is_a_duplicate(gallery: CommandLine, photos: MakeFolder) -> None:
    folder = photos("one.jpg", "two.jpg")
    gallery.run("import", folder / "one.jpg")
    result = gallery.run("import", folder)
    assert result.stdout == "1 imported, 1 were there already, 0 failed.\n"
    assert result.stderr == ""


def test_a_bad_file_is_named_with_its_reason_and_sinks_no_other(gallery: CommandLine, photos: MakeFolder) -> None:
    folder = photos("good.jpg")
    (folder / "bad.jpg").write_text("no picture")
    result = gallery.run("import", folder, "--json", code=1)
    answer = json.loads(result.stdout)
    assert (answer["imported"], answer["failed"]) == (1, 1)
    assert answer["items"][0]["error"]["code"] == "unsupported_image"
    assert f"{folder / 'bad.jpg'}: " in result.stderr
    assert "Traceback" not in result.stderr


def test_only_bad_files_fail_without_an_error_of_the_whole(gallery: CommandLine, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"")
    answer = gallery.json("import", tmp_path / "a.jpg", tmp_path / "b.jpg", code=1)
    assert answer["failed"] == 2
    assert all("error" in item for item in answer["items"])


def test_folders_within_folders_are_taken_when_asked_for(on_file: CommandLine, photos: MakeFolder) -> None:
    folder = photos("top.jpg", "deep/er/low.jpg", ".hidden/secret.jpg", ".secret.jpg")
    (folder / "notes.txt").write_text("notes")
    flat = on_file.run("import", folder, "--no-wait")
    assert flat.stdout.startswith("1 imported, 0 were there already")
    assert "--recursive" in flat.stderr
    assert "1 other files" in flat.stderr
    deep = on_file.json("import", folder, "--recursive", "--no-wait")
    assert (deep["imported"], deep["duplicates"], deep["skipped"]) == (1, 1, 1)


def test_without_waiting_photos_are_stored_only(on_file: CommandLine, photos: MakeFolder) -> None:
    answer = on_file.json("import", photos("one.jpg"), "--no-wait")
    assert answer["items"][0]["state"] in ("stored", "processing")


def test_a_photo_over_the_limit_is_refused_before_it_is_read(on_file: CommandLine, photos: MakeFolder) -> None:
    folder = photos("one.jpg")
    with (folder / "huge.jpg").open("wb") as file:
        file.truncate(on_file.settings.max_upload_bytes + 1)
    answer = on_file.json("import", folder, code=1)
    assert [item.get("error", {}).get("code") for item in answer["items"]] == ["upload_too_large", None]


def test_what_cannot_be_read_is_said(on_file: CommandLine, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jpg")).write_bytes(b"")
    (tmp_path / "gone.jpg").symlink_to("nowhere")
    answer = on_file.json("import", tmp_path, code=1)
    errors = {Path(item["source"]).name: item["error"] for item in answer["items"]}
    assert errors["\ufffd.jpg"]["code"] == "bad_file_name"
    assert "no file" in errors["pipe.jpg"]["message"]
    assert "no file" in errors["gone.jpg"]["message"]


def test_a_full_gallery_ends_the_import_with_what_was_done(
    on_file: CommandLine, photos: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StoreFull("The disk is full. Free some room.")

    on_file.run("import", photos("one.jpg"), "--no-wait")
    monkeypatch.setattr("app.store.hdf5.Hdf5Store.add", refuse)
    folder = photos(*[f"{number}.jpg" for number in range(9)])
    (folder / "0.jpg").write_bytes(b"")
    result = on_file.run("import", folder, "--json", code=1)
    answer = json.loads(result.stdout)
    assert (answer["imported"], answer["untried"], answer["error"]["code"]) == (0, 9, "store_full")
    assert result.stderr.endswith("Error: The disk is full. Free some room.\n")


def test_a_model_server_that_stays_away_ends_the_wait(on_file: CommandLine, photos: MakeFolder) -> None:
    alone = CommandLine(replace(on_file.settings, model_server="127.0.0.1:9"))
    folder = photos("one.jpg")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.cli.waiting.PATIENCE_S", 1.0)
        answer = alone.json("import", folder, code=1)
    assert answer["imported"] == 1
    assert answer["error"]["code"] == "model_server_unavailable"
    assert "stored" in answer["error"]["message"]
    assert on_file.json("import", folder)["duplicates"] == 1


def test_nothing_to_import_is_a_wrong_command_line(on_file: CommandLine) -> None:
    assert "--csv" in on_file.run("import", code=2).stderr
    assert "does not exist" in on_file.run("import", "no-such-folder", code=2).stderr


class Web(BaseHTTPRequestHandler):
    """Serves the photos that a test puts into its server's `photos`."""

    def do_GET(self) -> None:
        body = self.server.photos.get(self.path)  # type: ignore[attr-defined]
        if self.path == "/moved.jpg":
            self.send_response(302)
            self.send_header("Location", "/one.jpg")
            self.end_headers()
            return
        self.send_response(200 if body is not None else 404)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def web() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_addresses_from_a_csv_file_are_downloaded(
    gallery: CommandLine, photos: MakeFolder, web: ThreadingHTTPServer, tmp_path: Path
) -> None:
    folder = photos("one.jpg", "two.jpg")
    base = f"http://127.0.0.1:{web.server_port}"
    web.photos = {  # type: ignore[attr-defined]
        "/one.jpg": (folder / "one.jpg").read_bytes(),
        "/a%20b/t%20wo.jpg?size=1": (folder / "two.jpg").read_bytes(),
        "/page.html": b"<html>",
    }
    lines = ["title,URL", f"One,{base}/one.jpg", f'"T, wo",{base}/a%20b/t%20wo.jpg?size=1', f"Moved,{base}/moved.jpg"]
    lines += [f"Gone,{base}/gone.jpg", f"Page,{base}/page.html", "File,file:///etc/passwd", "", "Short"]
    (tmp_path / "urls.csv").write_text("\n".join(lines))
    answer = gallery.json("import", "--csv", tmp_path / "urls.csv", code=1)
    one, two, moved, *bad = answer["items"]
    assert (one["filename"], two["filename"]) == ("one.jpg", "t wo.jpg")
    assert one["id"] == moved["id"] == photo_id_of((folder / "one.jpg").read_bytes())
    assert moved["duplicate"]
    assert [item["error"]["code"] for item in bad] == ["bad_input", "unsupported_image", "bad_input", "bad_input"]
    assert "404" in bad[0]["error"]["message"]
    assert (answer["imported"], answer["duplicates"], answer["failed"]) == (2, 1, 4)


def test_a_download_stops_at_the_limit(on_file: CommandLine, web: ThreadingHTTPServer, tmp_path: Path) -> None:
    web.photos = {"/big.jpg": b"x" * 100_000}  # type: ignore[attr-defined]
    (tmp_path / "urls.csv").write_text(f"http://127.0.0.1:{web.server_port}/big.jpg\n")
    small = CommandLine(replace(on_file.settings, max_upload_bytes=5000))
    answer = small.json("import", "--csv", tmp_path / "urls.csv", code=1)
    assert answer["items"][0]["error"]["code"] == "upload_too_large"


def test_a_csv_file_that_is_none_is_an_error(on_file: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "urls.csv").write_bytes(b"\xff\xfe\x00")
    answer = on_file.json("import", "--csv", tmp_path / "urls.csv", code=1)
    assert answer["error"]["code"] == "bad_input"
