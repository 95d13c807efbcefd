"""Turns a weights file into a SavedModel, and holds the one against the other before anybody is served."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from model_server.catalogue import ModelCard
from model_server.errors import ConversionError
from model_server.exporting import Endpoint, write_saved_model

EndpointsOf = Callable[[ModelCard, Path | None], Sequence[Endpoint]]
"""A builder: the endpoints of a card with the weights of a file, or with untrained ones for None."""
CHECKED_ROWS = (1, 3)
TOLERANCE = 1e-3
"""How far an output may be off, as a part of that output's largest number: float32 in another order of sums."""
LARGEST_SAMPLE = 256
"""Samples are whole numbers below this: pixels, or ids of tokens that any vocabulary has."""


class Conversion:
    """Writes a model from a weights file that its publisher made for another program."""

    def __init__(self, endpoints_of: EndpointsOf, weights: Path) -> None:
        self._endpoints_of = endpoints_of
        self._weights = weights

    def export(self, card: ModelCard, folder: Path) -> None:
        """Write the SavedModel; raise CheckpointError, WeightsError, or ConversionError for what came out."""
        endpoints = self._endpoints_of(card, self._weights)
        write_saved_model(card, endpoints, folder)
        check_export(endpoints, folder)


def check_export(endpoints: Sequence[Endpoint], folder: Path) -> None:
    """Run the SavedModel as TensorFlow Serving does and compare; raise ConversionError where it differs."""
    cases = [_Case(endpoint, rows) for endpoint in endpoints for rows in CHECKED_ROWS]
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        signatures = tf.compat.v1.saved_model.load(session, ["serve"], str(folder)).signature_def
        for case in cases:
            case.compare(_run(session, signatures[case.signature], case.sample))


class _Case:
    """One endpoint's answer, computed in Python, to a few random rows."""

    def __init__(self, endpoint: Endpoint, rows: int) -> None:
        numbers = np.random.default_rng(rows).integers(0, LARGEST_SAMPLE, [rows, *endpoint.takes.shape[1:]])
        self.sample = numbers.astype(endpoint.takes.dtype.as_numpy_dtype)
        self.signature = endpoint.signature
        self._right = {name: np.asarray(out) for name, out in endpoint.compute(tf.constant(self.sample)).items()}

    def compare(self, answers: Mapping[str, NDArray[Any]]) -> None:
        """Raise ConversionError where *answers* are others."""
        if self._right.keys() != answers.keys():
            raise ConversionError(f"the exported model gives {sorted(answers)} instead of {sorted(self._right)}")
        for name, right in self._right.items():
            off = np.abs(answers[name] - right).max(initial=0.0)
            if not off <= TOLERANCE * max(np.abs(right).max(initial=0.0), 1e-6):
                raise ConversionError(f"{name} of the exported model is off by {off:.3g} on {len(self.sample)} rows")


def _run(session: Any, signature: Any, rows: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
    (taken,) = signature.inputs.values()
    fetches = {name: info.name for name, info in signature.outputs.items()}
    answers: Mapping[str, NDArray[Any]] = session.run(fetches, {taken.name: rows})
    return answers
