"""Light or dark: as the system has it, or as chosen in the menu and kept in a cookie."""

from flask import Flask, Response

from app.web.texts import t
from app.web.wishes import Wish

SYSTEM = "system"
THEMES = (SYSTEM, "light", "dark")
COLOURS = {"light": "#ffffff", "dark": "#121316"}
"""Of pages, for what browsers draw around them."""
WISH = Wish("theme", lambda: THEMES)


def register_theme(app: Flask) -> None:
    """Give templates the theme, and remember the one that was asked for."""
    app.jinja_env.globals.update(
        chosen_theme=chosen_theme,
        theme_choices=theme_choices,
        theme_colours=COLOURS,
        address_with_theme=WISH.address_with,
    )
    app.after_request(_remember)


def chosen_theme() -> str:
    """Return the theme that was asked for with `?theme=`, now or before."""
    return WISH.now() or SYSTEM


def theme_choices() -> list[tuple[str, str, bool]]:
    """Return each theme, its name, and whether the page has it."""
    return [(theme, t(f"theme.{theme}"), theme == chosen_theme()) for theme in THEMES]


def _remember(response: Response) -> Response:
    WISH.remember(response)
    return response
