"""The default model, and the name under which the gallery keeps what its present version says."""

from dataclasses import replace

from app.store.base import features_name
from model_server.catalogue import load_card

CARD = load_card("gallery_default")
FEATURES = features_name(CARD.name, CARD.version)
OLDER = replace(CARD, version=CARD.version - 1)
OLDER_FEATURES = features_name(OLDER.name, OLDER.version)
