"""The smallest proof that a model works: it looks at one black picture, and its answer can be used."""

import numpy as np

from app import request_ids
from app.errors import InferenceError, ModelServerUnavailable
from app.inference.base import ModelClient
from model_server.catalogue import ModelCard

PROOF_DEADLINE_S = 10.0


def prove(client: ModelClient, model: ModelCard, deadline_s: float = PROOF_DEADLINE_S) -> None:
    """Have `model` look at a black picture; raise ModelServerUnavailable, with the reason, if it can't."""
    black = np.zeros((1, model.input_height_px, model.input_width_px, 3), np.uint8)
    try:
        with request_ids.working_for(request_ids.new("proof-")):
            client.predict(model, black, deadline_s)
    except ModelServerUnavailable:
        raise
    except InferenceError as error:
        raise ModelServerUnavailable(
            f"The model server can't be used: even for a black picture it fails. {error.message}", **error.detail
        ) from error
