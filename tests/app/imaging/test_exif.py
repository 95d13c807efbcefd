from datetime import UTC, datetime, timedelta, timezone

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from app import imaging
from app.domain import PhotoFacts
from tests.app.imaging.pictures import encoded, halves

CAMERA, GPS = 0x8769, 0x8825


def facts_with(
    main: dict[int, object] | None = None,
    camera: dict[int, object] | None = None,
    gps: dict[int, object] | None = None,
    form: str = "JPEG",
) -> PhotoFacts:
    exif = Image.Exif()
    exif.update(main or {})
    for group, tags in ((CAMERA, camera), (GPS, gps)):
        exif.get_ifd(group).update(tags or {})
        exif[group] = dict(tags or {})  # Pillow's TIFF writer leaves out groups that don't stand here too
    return imaging.decode(encoded(halves(), form, exif=exif)).facts


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_camera_facts_are_readable(form: str) -> None:
    facts = facts_with(
        {271: "Canon", 272: "Canon EOS 5D"},
        {
            33434: IFDRational(1, 250),
            33437: IFDRational(28, 10),
            34855: 400,
            37386: IFDRational(35, 1),
            42036: "EF 35mm",
            36867: "2023:05:01 10:20:30",
        },
        {1: "S", 2: (33.0, 30.0, 36.0), 3: "E", 4: (151.0, 12.0, 0.0)},
        form,
    )
    assert facts.exif == {
        "camera": "Canon EOS 5D",
        "lens": "EF 35mm",
        "exposure": "1/250 s",
        "aperture": "f/2.8",
        "iso": "400",
        "focal_length": "35 mm",
        "latitude": "-33.510000",
        "longitude": "151.200000",
    }
    assert next(iter(facts.exif)) == "camera"
    assert facts.taken_at == datetime(2023, 5, 1, 10, 20, 30)


def test_the_time_has_the_zone_that_the_camera_wrote() -> None:
    facts = facts_with(camera={36867: "2023:05:01 10:20:30", 36881: "+02:00"})
    assert facts.taken_at == datetime(2023, 5, 1, 10, 20, 30, tzinfo=timezone(timedelta(hours=2)))
    assert facts.taken_at.astimezone(UTC).hour == 8


def test_the_time_of_scanning_serves_if_there_is_no_other() -> None:
    assert facts_with(camera={36868: "1999:12:31 23:59:59"}).taken_at == datetime(1999, 12, 31, 23, 59, 59)


@pytest.mark.parametrize("moment", ["0000:00:00 00:00:00", "    :  :     :  :  ", "yesterday", ""])
def test_a_time_that_is_none_is_left_out(moment: str) -> None:
    assert facts_with(camera={36867: moment}).taken_at is None


def test_a_maker_that_is_not_in_the_model_comes_first() -> None:
    assert facts_with({271: "NIKON", 272: "D90"}).exif == {"camera": "NIKON D90"}


def test_long_exposures_are_in_seconds() -> None:
    assert facts_with(camera={33434: IFDRational(25, 10)}).exif == {"exposure": "2.5 s"}


def test_values_that_make_no_sense_are_left_out() -> None:
    facts = facts_with(
        {271: "\x00\x01\x02"},
        {33434: IFDRational(0, 0), 33437: IFDRational(0, 1), 37386: IFDRational(1, 0)},
        {1: "N", 2: (99.0, 0.0, 0.0), 3: "E", 4: (IFDRational(1, 0), 0.0, 0.0)},
    )
    assert facts.exif == {}


def test_text_is_one_short_line_without_controls() -> None:
    facts = facts_with({272: "Cam\x1b[31m\n era  " + "x" * 1000})
    assert facts.exif["camera"].startswith("Cam [31m era xxx")
    assert len(facts.exif["camera"]) == 200


def test_damaged_exif_costs_the_facts_and_not_the_picture() -> None:
    data = encoded(halves(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(30))
    facts = imaging.decode(data).facts
    assert (facts.width, facts.exif) == (64, {})
