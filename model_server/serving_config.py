"""TensorFlow Serving's configuration, generated from the catalogue and the models that are built; no TensorFlow here.

Three files in protobuf's text format, named in the flags of `SERVING_FLAGS`. What they mean stands in TensorFlow
Serving's `model_server_config.proto`, `session_bundle_config.proto` and `monitoring_config.proto`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from model_server.errors import UnknownModelError
from model_server.server.folder import SERVED_VERSIONS, find_versions

MODELS_FILE = "models.config"
BATCHING_FILE = "batching.config"
MONITORING_FILE = "monitoring.config"
METRICS_PATH = "/monitoring/prometheus/metrics"

BATCH_SIZES = (1, 2, 4, 8, 16, 32)
"""Serving fills a batch up to one of these; its last entry must be the largest batch."""
BATCH_TIMEOUT_US = 1000
"""How long a batch waits for company. The gallery sends whole batches, so a longer wait would only cost time."""
WAITING_BATCHES = 64


def write_serving_config(models: Path, base: str) -> list[Path]:
    """Write the configuration for the models built in *models*, which Serving will see under *base*.

    Returns the files. Raises UnknownModelError if no model is built there.
    """
    versions = find_versions(models)
    if not versions:
        raise UnknownModelError(f"No model is built in {models}. Run `python -m model_server build` first.")
    texts = {
        MODELS_FILE: models_config(versions, base),
        BATCHING_FILE: batching_config(),
        MONITORING_FILE: f'prometheus_config {{ enable: true path: "{METRICS_PATH}" }}\n',
    }
    for name, text in texts.items():
        (models / name).write_text(text, "utf-8")
    return [models / name for name in texts]


def models_config(versions: Mapping[str, Mapping[int, Path]], base: str) -> str:
    """Return the list of models, each with the versions that the local server serves too."""
    entries = [
        f'  config {{\n    name: "{name}"\n    base_path: "{base}/{name}"\n    model_platform: "tensorflow"\n'
        f"    model_version_policy {{ latest {{ num_versions: {SERVED_VERSIONS} }} }}\n  }}\n"
        for name in sorted(versions)
    ]
    return f"model_config_list {{\n{''.join(entries)}}}\n"


def batching_config(batch_sizes: Sequence[int] = BATCH_SIZES) -> str:
    """Return how calls are joined to batches."""
    sizes = "".join(f"allowed_batch_sizes: {size}\n" for size in batch_sizes)
    return (
        f"max_batch_size {{ value: {batch_sizes[-1]} }}\n"
        f"batch_timeout_micros {{ value: {BATCH_TIMEOUT_US} }}\n"
        f"max_enqueued_batches {{ value: {WAITING_BATCHES} }}\n"
        "num_batch_threads { value: 2 }\n" + sizes
    )


def serving_flags(base: str) -> list[str]:
    """Return the flags with which TensorFlow Serving uses the files under *base*."""
    return [
        f"--model_config_file={base}/{MODELS_FILE}",
        "--enable_batching=true",
        f"--batching_parameters_file={base}/{BATCHING_FILE}",
        f"--monitoring_config_file={base}/{MONITORING_FILE}",
        # A model that can't be loaded is an error at once, not after minutes of trying.
        "--max_num_load_retries=0",
    ]
