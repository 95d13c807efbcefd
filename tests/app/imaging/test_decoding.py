import time
import tracemalloc
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from app import imaging
from app.domain import Box
from app.errors import BadInput, ImageTooLarge, UnsupportedImage
from tests.app.imaging.pictures import (
    BLUE,
    FORMATS,
    RED,
    encoded,
    halves,
    huge_png,
    noise,
    png,
    png_chunk,
    swollen_text_png,
)

WHITE = (255, 255, 255)
QUICKLY = {"PNG": {"compress_level": 1}}


def colours(data: bytes) -> tuple[list[int], list[int]]:
    """Return the colours of the left and of the right quarter of a file's model input."""
    pixels = imaging.decode(data).model_input(8, 8)
    return pixels[4, 1].tolist(), pixels[4, 6].tolist()


def assert_colours(data: bytes, left: tuple[int, int, int], right: tuple[int, int, int], within: int = 12) -> None:
    found = colours(data)
    np.testing.assert_allclose(found, [left, right], atol=within)


@pytest.mark.parametrize(("form", "media_type"), FORMATS.items())
def test_reads_every_format(form: str, media_type: str) -> None:
    data = encoded(halves(), form)
    facts = imaging.decode(data).facts
    assert (facts.media_type, facts.width, facts.height) == (media_type, 64, 48)
    assert (facts.taken_at, facts.exif) == (None, {})
    assert_colours(data, RED, BLUE)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "TIFF", "PNG"])
def test_an_animation_shows_its_first_frame(form: str) -> None:
    blank = Image.new("RGB", (64, 48), WHITE)
    assert_colours(encoded(halves(), form, save_all=True, append_images=[blank]), RED, BLUE)


@pytest.mark.parametrize("form", ["ICO", "PPM", "TGA", "PCX", "AVIF"])
def test_other_formats_are_refused(form: str) -> None:
    with pytest.raises(UnsupportedImage):
        imaging.decode(encoded(halves(), form))


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"])
def test_pixels_of_every_kind_become_rgb(mode: str) -> None:
    form = "PNG" if mode in {"1", "P", "LA", "RGBA"} else "TIFF"
    black_and_white = Image.new("L", (64, 48), 0)
    black_and_white.paste(255, (32, 0, 64, 48))
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(black_and_white).astype(np.uint16) * 257)
    elif mode in {"I", "F"}:
        picture = black_and_white.convert(mode)
    else:
        picture = black_and_white.convert("RGB").convert(mode)
    assert picture.mode == mode
    assert_colours(encoded(picture, form), (0, 0, 0), WHITE)


def test_a_16_bit_grey_keeps_its_shades() -> None:
    half_grey = Image.fromarray(np.full((20, 20), 32768, dtype=np.uint16))
    assert_colours(encoded(half_grey), (128, 128, 128), (128, 128, 128), within=1)


def test_floating_point_pixels_that_are_no_numbers_do_no_harm() -> None:
    strange = np.full((20, 20), 0.5, dtype=np.float32)
    strange[0] = [np.nan, np.inf, -np.inf, -3.0] * 5
    assert_colours(encoded(Image.fromarray(strange), "TIFF"), (127, 127, 127), (127, 127, 127))


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF"])
def test_what_is_transparent_is_white(form: str) -> None:
    picture = halves().convert("RGBA")
    picture.paste((0, 0, 0, 0), (32, 0, 64, 48))
    assert_colours(encoded(picture, form), RED, WHITE)


def test_a_transparent_palette_colour_is_white() -> None:
    picture = halves().quantize(2)
    index = picture.getpixel((60, 20))
    assert_colours(encoded(picture, "GIF", transparency=index), RED, WHITE)
    assert_colours(encoded(picture, "PNG", transparency=index), RED, WHITE)


def test_a_transparent_colour_of_an_rgb_png_is_white() -> None:
    picture = Image.new("RGB", (64, 48), RED)
    picture.paste((0, 0, 0), (32, 0, 64, 48))
    assert_colours(encoded(picture, "PNG", transparency=(0, 0, 0)), RED, WHITE)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_pictures_stand_upright(form: str, orientation: int) -> None:
    # Each orientation says how the stored pixels were turned; undo it to get what a camera would store.
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = halves()
    upright.paste((255, 255, 255), (0, 0, 64, 12))
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = imaging.decode(encoded(stored, form, exif=exif))
    assert (photo.facts.width, photo.facts.height) == (64, 48)
    pixels = photo.model_input(8, 8)
    np.testing.assert_allclose(
        [pixels[0, 1], pixels[0, 6], pixels[6, 1], pixels[6, 6]], [WHITE, WHITE, RED, BLUE], atol=40
    )


def test_an_orientation_that_does_not_exist_is_none() -> None:
    exif = Image.Exif()
    exif[0x0112] = 77
    assert_colours(encoded(halves(), "JPEG", exif=exif), RED, BLUE)


def test_the_model_input_is_the_whole_picture_squeezed() -> None:
    pixels = imaging.decode(encoded(halves(400, 100))).model_input(30, 20)
    assert pixels.shape == (20, 30, 3)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels[:, :14], np.broadcast_to(RED, (20, 14, 3)))
    np.testing.assert_array_equal(pixels[:, 16:], np.broadcast_to(BLUE, (20, 14, 3)))


def test_a_box_is_cut_out() -> None:
    photo = imaging.decode(encoded(halves()), full_detail=True)
    right = photo.model_input(10, 10, Box(0.5, 0, 1, 1))
    np.testing.assert_array_equal(right[:, 1:], np.broadcast_to(BLUE, (10, 9, 3)))


@given(st.tuples(*[st.floats(-1, 2)] * 4))
def test_any_box_gives_a_picture(corners: tuple[float, float, float, float]) -> None:
    assert small_photo().model_input(4, 4, Box(*corners)).shape == (4, 4, 3)


@cache
def small_photo() -> imaging.DecodedPhoto:
    return imaging.decode(encoded(halves()))


@pytest.mark.parametrize(("form", "mode"), [("JPEG", "RGB"), ("PNG", "RGB"), ("PNG", "RGBA"), ("TIFF", "F")])
def test_decoding_a_large_photo_smaller_changes_nothing_that_counts(form: str, mode: str) -> None:
    data = encoded(
        noise(2000, 1500).convert("L" if mode == "F" else mode).convert(mode), form, **QUICKLY.get(form, {})
    )
    quick, full = imaging.decode(data), imaging.decode(data, full_detail=True)
    assert full.picture.size == (2000, 1500)
    assert quick.picture.size == (500, 375)
    assert quick.facts.width == full.facts.width == 2000
    difference = quick.model_input(300, 300).astype(int) - full.model_input(300, 300)
    assert abs(difference).max() <= 3
    assert abs(difference).mean() < 0.5


def test_a_photo_of_twelve_megapixels_is_read_at_an_eighth_of_its_size_unless_more_is_wanted() -> None:
    data = encoded(noise(4000, 3000), "JPEG")
    assert imaging.decode(data).picture.size == (500, 375)
    assert imaging.decode(data, long_side_px=1024).picture.size == (2000, 1500)


@pytest.mark.parametrize(("size", "read"), [((4000, 2250), (1000, 563)), ((3000, 3000), (750, 750))])
def test_of_other_shapes_as_much_of_both_sides_is_kept(size: tuple[int, int], read: tuple[int, int]) -> None:
    assert imaging.decode(encoded(Image.new("RGB", size, RED), "JPEG")).picture.size == read


@pytest.mark.parametrize("progressive", [False, True])
def test_a_large_photo_that_is_cut_off_is_refused_though_it_is_read_smaller(progressive: bool) -> None:
    data = encoded(noise(2560, 1920), "JPEG", progressive=progressive)
    assert imaging.decode(data).picture.size == (640, 480)
    # Without the two bytes that mark its end a picture may still be whole.
    for missing_bytes in (3, 4, 20, 100, len(data) // 2):
        with pytest.raises(UnsupportedImage, match="cut off"):
            imaging.decode(data[:-missing_bytes])


def test_a_part_of_a_large_photo_keeps_its_detail() -> None:
    stripes = np.zeros((2000, 2600, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    photo = imaging.decode(encoded(Image.fromarray(stripes)), full_detail=True)
    pixels = photo.model_input(26, 20, Box(0.5, 0.5, 0.51, 0.51))
    assert pixels.std() > 100


def test_a_thumbnail_is_upright_small_and_says_nothing_more() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Maker"
    data = encoded(noise(900, 600), "JPEG", exif=exif)
    with Image.open(BytesIO(imaging.decode(data).thumbnail(256))) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("WEBP", (171, 256))
        assert not thumbnail.getexif()
        assert "icc_profile" not in thumbnail.info


def test_a_thumbnail_is_never_larger_than_the_picture() -> None:
    with Image.open(BytesIO(small_photo().thumbnail(512))) as thumbnail:
        assert thumbnail.size == (64, 48)


def test_extreme_shapes_have_thumbnails_and_inputs() -> None:
    photo = imaging.decode(encoded(Image.new("RGB", (5000, 1), RED)))
    assert photo.model_input(300, 300).shape == (300, 300, 3)
    with Image.open(BytesIO(photo.thumbnail(256))) as thumbnail:
        assert thumbnail.size == (256, 1)


def test_the_dominant_colour_is_the_commonest() -> None:
    picture = Image.new("RGB", (100, 100), (200, 40, 40))
    picture.paste((10, 200, 10), (0, 0, 100, 30))
    assert imaging.decode(encoded(picture)).facts.dominant_colour == "#c82828"


def truncated(form: str) -> bytes:
    data = encoded(noise(200, 150), form)
    return data[: len(data) * 6 // 10]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"Dear diary,\nno photo today.\n", "holds text", id="text"),
        pytest.param("Grüße\n".encode(), "holds text", id="text beyond ASCII"),
        pytest.param(b'<?xml version="1.0"?>\n<svg xmlns="x"/>', "SVG drawings", id="SVG"),
        pytest.param(b"\xef\xbb\xbf<!-- x --><SVG></SVG>", "SVG drawings", id="SVG with a mark"),
        pytest.param(b"%PDF-1.7 \x00\x01", "PDF", id="PDF"),
        pytest.param(b"\x00\x01\x02\x03" * 99, "not a picture", id="noise"),
        pytest.param(b"GIF89a" + bytes(7) + b";", "no pixels|not a picture|damaged", id="0-pixel GIF"),
        pytest.param(
            b"GIF89a" + bytes(7) + b",\0\0\0\0\0\0\0\0\0\x02\x00;",
            "no pixels|not a picture|damaged",
            id="0-pixel frame",
        ),
        pytest.param(png(0, 10), "no pixels|not a picture|damaged", id="0-pixel PNG"),
        pytest.param(png(10, 10), "damaged", id="PNG without pixels"),
        pytest.param(truncated("JPEG"), "cut off", id="cut JPEG"),
        pytest.param(truncated("PNG"), "cut off", id="cut PNG"),
        pytest.param(truncated("WEBP"), "damaged", id="cut WebP"),
        pytest.param(truncated("TIFF"), "damaged", id="cut TIFF"),
        pytest.param(truncated("BMP"), "cut off", id="cut BMP"),
        pytest.param(truncated("HEIF"), "damaged", id="cut HEIC"),
        pytest.param(swollen_text_png(), "damaged", id="PNG with a swollen comment"),
    ],
)
def test_what_is_no_whole_picture_is_refused_with_a_plain_reason(data: bytes, message: str) -> None:
    with pytest.raises(UnsupportedImage, match=message):
        imaging.decode(data)


def test_a_huge_picture_in_few_bytes_is_refused_before_it_is_decompressed() -> None:
    data = huge_png()
    assert len(data) < 150_000
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(ImageTooLarge, match="30,000 x 30,000 pixels; 100,000,000 in all") as raised:
        imaging.decode(data)
    assert time.process_time() - started < 0.5
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    assert raised.value.detail == {"width": 30_000, "height": 30_000, "max_pixels": 100_000_000}


def test_a_small_first_frame_does_not_hide_a_huge_one() -> None:
    frame = b",\0\0\0\0" + (60_000).to_bytes(2, "little") * 2 + b"\0\x02\x02\x4c\x01\x00"
    with pytest.raises(ImageTooLarge):
        imaging.decode(b"GIF89a\x01\0\x01\0\0\0\0" + frame + b";")


def test_the_limit_of_pixels_can_be_set_and_counts_what_is_shown() -> None:
    data = encoded(halves(20, 10))
    assert imaging.decode(data, max_pixels=200).facts.width == 20
    with pytest.raises(ImageTooLarge):
        imaging.decode(data, max_pixels=199)


def test_a_damaged_profile_does_not_cost_the_picture() -> None:
    pixels = png_chunk(b"IDAT", zlib.compress(bytes(2 * 8)))
    data = png(8, 8, png_chunk(b"iCCP", b"name\0\0no zlib"), pixels)
    assert imaging.decode(data).facts.width == 8


@cache
def whole_files() -> list[bytes]:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[36867] = "2023:05:01 10:20:30"
    text = PngInfo()
    text.add_text("comment", "words " * 50, zip=True)
    picture = noise(40, 30)
    return [
        encoded(picture, "JPEG", exif=exif),
        encoded(picture, "JPEG", progressive=True),
        encoded(picture, "PNG", pnginfo=text),
        encoded(picture.quantize(16), "PNG", transparency=3),
        encoded(picture, "WEBP", exif=exif),
        encoded(picture, "GIF", save_all=True, append_images=[halves(40, 30)]),
        encoded(picture, "BMP"),
        encoded(picture, "TIFF", exif=exif),
        encoded(picture, "TIFF", compression="tiff_lzw"),
        encoded(picture, "HEIF", exif=exif.tobytes()),
    ]


def decodes_or_refuses(data: bytes) -> None:
    """Fail unless `data` gives a picture or one of our errors, without a warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            photo = imaging.decode(data, max_pixels=4_000_000)
        except BadInput:
            pass
        else:
            assert photo.model_input(16, 16).shape == (16, 16, 3)
            assert photo.thumbnail(32)
    assert not caught


@given(st.data())
def test_damaged_files_give_a_picture_or_our_errors(data: st.DataObject) -> None:
    mutated = bytearray(data.draw(st.sampled_from(whole_files())))
    header_or_anywhere = st.one_of(st.integers(0, 63), st.integers(0, len(mutated) - 1))
    for place in data.draw(st.lists(header_or_anywhere, max_size=8)):
        mutated[place % len(mutated)] = data.draw(st.sampled_from([0, 1, 127, 128, 255, 65, 7]))
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(mutated))))
    decodes_or_refuses(bytes(mutated[:cut]))


@given(st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0", b"RIFF"]), st.binary())
def test_noise_behind_a_true_beginning_gives_our_errors(magic: bytes, rest: bytes) -> None:
    decodes_or_refuses(magic + rest)


def test_warnings_stay_quiet_in_many_threads_and_filters_are_put_back() -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(40)
    data = encoded(halves(), "JPEG", exif=exif)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        with ThreadPoolExecutor(8) as threads:
            photos = list(threads.map(imaging.decode, [data] * 200))
        assert list(warnings.filters) == before
    assert not caught
    assert all(photo.facts.exif == {} for photo in photos)
