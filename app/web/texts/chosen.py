"""Which language a request gets: the one asked for with `?lang=`, the one chosen before, or the browser's."""

from flask import Flask, Response, g, has_request_context, request

from app.web.texts.catalogue import DEFAULT_LANGUAGE, Texts, languages, texts_of
from app.web.texts.said import messages_for_scripts, said
from app.web.wishes import Wish

WISH = Wish("lang", languages)


def register_texts(app: Flask) -> None:
    """Give templates their texts, and remember the language that was asked for."""
    app.jinja_env.globals.update(
        t=t,
        translated=translated,
        current_texts=current_texts,
        texts_for_scripts=texts_for_scripts,
        language_choices=language_choices,
        address_in=WISH.address_with,
    )
    app.after_request(_mark_language)


def t(key: str, **values: object) -> str:
    """Return a text in the request's language; see `Texts.t`."""
    return current_texts().t(key, **values)


def translated(message: str) -> str:
    """Return what a part of the gallery says in English in the request's language; see `said.py`."""
    return said(message, current_texts())


def texts_for_scripts() -> dict[str, object]:
    """Return the texts that the page's scripts need, in the request's language."""
    texts = current_texts()
    return texts.for_scripts() | {"messages": messages_for_scripts(texts)}


def current_texts() -> Texts:
    """Return the texts of the request's language, outside of requests the default one's."""
    if not has_request_context():
        return texts_of(DEFAULT_LANGUAGE)
    if "texts" not in g:
        g.texts = texts_of(_chosen_language())
    texts: Texts = g.texts
    return texts


def language_choices() -> list[tuple[str, str, bool]]:
    """Return each language's code, its own name, and whether the page is in it."""
    current = current_texts().language
    return [(code, name, code == current) for code, name in languages().items()]


def _chosen_language() -> str:
    return WISH.now() or request.accept_languages.best_match(languages()) or DEFAULT_LANGUAGE


def _mark_language(response: Response) -> Response:
    """Say what the page's language hangs on, and keep the one that was asked for in a cookie."""
    if response.mimetype == "text/html":
        response.vary.update(("Accept-Language", "Cookie"))
        response.headers["Content-Language"] = current_texts().language
    WISH.remember(response)
    return response
