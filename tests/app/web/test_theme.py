"""Light and dark: the system's choice, or one that stays."""

from flask.testing import FlaskClient


def test_without_a_choice_the_system_decides(client: FlaskClient) -> None:
    page = client.get("/").text
    assert "data-theme" not in page
    assert '<meta name="color-scheme" content="light dark">' in page
    assert page.count('<meta name="theme-color"') == 2


def test_a_choice_stays_until_another_is_made(client: FlaskClient) -> None:
    assert 'data-theme="dark"' in client.get("/?theme=dark").text
    page = client.get("/status").text
    assert 'data-theme="dark"' in page
    assert '<meta name="theme-color" content="#121316">' in page
    assert "data-theme" not in client.get("/?theme=system").text
    assert "data-theme" not in client.get("/status").text


def test_nonsense_is_no_theme(client: FlaskClient) -> None:
    assert "data-theme" not in client.get("/?theme=%22%3E").text


def test_the_menu_keeps_what_the_page_was_asked_for(client: FlaskClient) -> None:
    assert 'href="?state=ready&amp;theme=dark"' in client.get("/?state=ready").text
