"""Light or dark: as the system has it, or as chosen in the menu and kept in a cookie."""

from urllib.parse import urlencode

from flask import Flask, Response, request

from app.web.texts import t

PARAMETER = "theme"
COOKIE = "theme"
COOKIE_LASTS_S = 365 * 24 * 3600
SYSTEM = "system"
THEMES = (SYSTEM, "light", "dark")
COLOURS = {"light": "#ffffff", "dark": "#121316"}
"""Of pages, for what browsers draw around them."""


def register_theme(app: Flask) -> None:
    """Give templates the theme, and remember the one that was asked for."""
    app.jinja_env.globals.update(
        chosen_theme=chosen_theme,
        theme_choices=theme_choices,
        theme_colours=COLOURS,
        address_with_theme=address_with_theme,
    )
    app.after_request(_remember)


def chosen_theme() -> str:
    """Return the theme that was asked for with `?theme=`, now or before."""
    for wish in (request.args.get(PARAMETER), request.cookies.get(COOKIE)):
        if wish in THEMES:
            return str(wish)
    return SYSTEM


def theme_choices() -> list[tuple[str, str, bool]]:
    """Return each theme, its name, and whether the page has it."""
    return [(theme, t(f"theme.{theme}"), theme == chosen_theme()) for theme in THEMES]


def address_with_theme(theme: str) -> str:
    """Return the query string of this page's address in another theme."""
    others = [(name, value) for name, value in request.args.items(multi=True) if name != PARAMETER]
    return urlencode([*others, (PARAMETER, theme)])


def _remember(response: Response) -> Response:
    asked = request.args.get(PARAMETER)
    if response.mimetype == "text/html" and asked in THEMES:
        response.set_cookie(COOKIE, str(asked), max_age=COOKIE_LASTS_S, samesite="Lax", httponly=True)
    return response
