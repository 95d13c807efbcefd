"""The default model, and the name under which the gallery keeps what its present version says."""

from app.store.base import features_name
from model_server.catalogue import load_card

CARD = load_card("gallery_default")
FEATURES = features_name(CARD.name, CARD.version)
