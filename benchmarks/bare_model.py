"""The default model with nothing around it: images/s of its SavedModel in a session, at each batch size.

Run as `python -m benchmarks.bare_model`; it has a process of its own, because TensorFlow takes much memory.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from model_server.catalogue import load_card

PROJECT = Path(__file__).resolve().parent.parent
CARD = load_card("gallery_default")
SAVED_MODEL = PROJECT / "build" / "models" / CARD.name / str(CARD.version)
BATCH_SIZES = (1, 4, 8, 16, 32)
SECONDS_PER_BATCH_SIZE = 4.0


def measure() -> dict[int, float]:
    """Return images/s at each batch size, measured in a process of its own."""
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.bare_model"], cwd=PROJECT, check=True, capture_output=True, text=True
    )
    return {int(size): rate for size, rate in json.loads(answer.stdout).items()}


def rates() -> dict[int, float]:
    """Return images/s at each batch size."""
    import numpy as np
    import tensorflow as tf

    rates = {}
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], str(SAVED_MODEL))
        signature = loaded.signature_def["serving_default"]
        outputs = [info.name for info in signature.outputs.values()]
        image = signature.inputs["image"].name
        for size in BATCH_SIZES:
            batch = np.random.default_rng(0).integers(0, 256, (size, 300, 300, 3), dtype=np.uint8)
            session.run(outputs, {image: batch})
            started, images = time.perf_counter(), 0
            while time.perf_counter() - started < SECONDS_PER_BATCH_SIZE:
                session.run(outputs, {image: batch})
                images += size
            rates[size] = images / (time.perf_counter() - started)
    return rates


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    print(json.dumps(rates()))
