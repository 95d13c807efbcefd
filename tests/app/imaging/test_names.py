import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadFileName
from app.imaging import check_name, clean_name


@pytest.mark.parametrize(
    "name", ["photo.jpg", "Grüße aus Köln.jpeg", "写真 1.heic", "👩‍👧.png", "no suffix", ".hidden.png", "a..b.jpg"]
)
def test_ordinary_names_are_taken_as_they_are(name: str) -> None:
    assert check_name(name) == name


def test_the_same_name_has_one_form() -> None:
    assert check_name("Ko\u0308ln.jpg") == "Köln.jpg"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../../etc/passwd.jpg", "is a path"),
        ("holiday/1.jpg", "is a path"),
        ("C:\\photos\\1.jpg", "is a path"),
        ("..", "is a path"),
        ("a\x00.jpg", "control characters"),
        ("a\nb.jpg", "control characters"),
        ("a\x1b[2J.jpg", "control characters"),
        ("a\u202egpj.exe", "control characters"),
        ("a\u2028b.jpg", "control characters"),
        ("a\udc80.jpg", "control characters"),
        ("", "no name"),
        ("  ", "no name"),
        ("x" * 252 + ".jpg", "256 bytes; 255 are allowed"),
    ],
)
def test_names_that_could_do_harm_are_refused(name: str, message: str) -> None:
    with pytest.raises(BadFileName, match=message) as raised:
        check_name(name)
    assert raised.value.message.isprintable()


@given(st.text(alphabet=st.characters(), max_size=400))
def test_a_cleaned_name_is_always_taken(name: str) -> None:
    assert check_name(clean_name(name)) == clean_name(name)


def test_cleaning_keeps_what_it_can() -> None:
    assert clean_name("../../Köln\x00.jpg") == "Köln.jpg"
    assert clean_name("..") == clean_name("") == clean_name("a/") == "photo"
    long_name = clean_name("ö" * 300 + ".jpeg")
    assert long_name.endswith("ö.jpeg")
    assert len(long_name.encode()) <= 255


@given(st.text(alphabet="abc ._-äöü", min_size=1, max_size=40))
def test_a_name_that_may_come_in_is_not_cleaned_further(name: str) -> None:
    try:
        checked = check_name(name)
    except BadFileName:
        return
    assert clean_name(checked) == checked
