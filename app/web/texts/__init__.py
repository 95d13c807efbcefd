"""All texts of the pages, a TOML file for each language, and which language a request gets."""

from app.web.texts.catalogue import DEFAULT_LANGUAGE, Texts, languages, texts_of
from app.web.texts.chosen import current_texts, register_texts, t, translated

__all__ = ["DEFAULT_LANGUAGE", "Texts", "current_texts", "languages", "register_texts", "t", "texts_of", "translated"]
