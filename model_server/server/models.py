"""One version of a model, loaded and executed the way TensorFlow Serving does it: through a TF1-style session."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2

from model_server.server import statuses

Tensors = dict[str, NDArray[Any]]

SERVE_TAG = "serve"
WARM_UP_FILE = Path("assets.extra") / "tf_serving_warmup_requests"


class LoadedModel:
    """A SavedModel in memory; `execute` may be called from several threads."""

    def __init__(self, name: str, version: int, session: Any, signatures: Mapping[str, Any]) -> None:
        self.name = name
        self.version = version
        self.signatures = signatures
        self._session = session
        self._callables: dict[tuple[str, tuple[str, ...]], Callable[..., list[NDArray[Any]]]] = {}

    def signature(self, key: str) -> Any:
        """Return the SignatureDef called `key`; raise StatusError if there is none."""
        if key not in self.signatures:
            raise statuses.unknown_signature(key)
        return self.signatures[key]

    def execute(self, key: str, inputs: Tensors, outputs: Sequence[str]) -> Tensors:
        """Run signature `key` on `inputs` by name and return the named outputs; raise StatusError as TF says."""
        run = self._callable(key, tuple(outputs))
        try:
            results = run(*(inputs[name] for name in self.signatures[key].inputs))
        except tf.errors.OpError as error:
            raise statuses.from_tensorflow(error.error_code, error.message) from error
        return dict(zip(outputs, results, strict=True))

    def _callable(self, key: str, outputs: tuple[str, ...]) -> Callable[..., list[NDArray[Any]]]:
        """Return the session's compiled call of one signature and choice of outputs.

        Unlike `Session.run` it casts nothing and leaves TensorFlow's error texts as the C++ session words them.
        """
        if (key, outputs) not in self._callables:
            signature = self.signatures[key]
            options = config_pb2.CallableOptions(
                feed=[info.name for info in signature.inputs.values()],
                fetch=[signature.outputs[name].name for name in outputs],
            )
            self._callables[key, outputs] = self._session._make_callable_from_options(options)
        return self._callables[key, outputs]


def load_model(name: str, version: int, folder: Path, threads: int) -> LoadedModel:
    """Load the SavedModel in `folder`; raise whatever TensorFlow raises for a broken one."""
    config = config_pb2.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
    session = tf.compat.v1.Session(graph=tf.Graph(), config=config)
    with session.graph.as_default():
        meta_graph: meta_graph_pb2.MetaGraphDef = tf.compat.v1.saved_model.load(session, [SERVE_TAG], str(folder))
    return LoadedModel(name, version, session, dict(meta_graph.signature_def))


def warm_up_records(folder: Path) -> list[bytes]:
    """Return the serialised PredictionLogs that come with the SavedModel in `folder`, oldest first."""
    path = folder / WARM_UP_FILE
    if not path.exists():
        return []
    return [record.numpy() for record in tf.data.TFRecordDataset(str(path))]


def zeros_for(signature: Any) -> Tensors:
    """Return one row of zeros for each input of a SignatureDef, to warm up a model that brings no records."""
    return {
        name: np.zeros(
            [max(dim.size, 1) for dim in info.tensor_shape.dim], tf.dtypes.as_dtype(info.dtype).as_numpy_dtype
        )
        for name, info in signature.inputs.items()
    }
