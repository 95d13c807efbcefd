"""The JSON API, version 1: parse, call one service, give back its result."""

from app.web.api import events, images, many_images, models, saved_searches, search, timeline, transfer, upkeep
from app.web.api.blueprint import blueprint

__all__ = [
    "blueprint",
    "events",
    "images",
    "many_images",
    "models",
    "saved_searches",
    "search",
    "timeline",
    "transfer",
    "upkeep",
]
