"""The local server behind TensorFlow Serving's own command line, so that its image can stand in for Serving's.

python -m model_server.server.serving_flags --port=8500 --model_config_file=/models/models.config …
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from model_server.server.cli import DEFAULT_PORT, main

_BASE_PATH = re.compile(r'base_path:\s*"([^"]+)"')
IGNORED = (
    "--rest_api_port",
    "--enable_batching",
    "--batching_parameters_file",
    "--monitoring_config_file",
    "--max_num_load_retries",
)
"""Flags that don't concern us: we batch always, and speak gRPC only."""


def own_arguments(argv: Sequence[str]) -> list[str]:
    """Return the local server's arguments for those of TensorFlow Serving; exits with 2 for others."""
    parser = argparse.ArgumentParser(prog="tensorflow_model_server", allow_abbrev=False)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--model_config_file", type=Path, required=True)
    for flag in IGNORED:
        parser.add_argument(flag)
    options = parser.parse_args(argv)
    return [
        "--models",
        str(models_folder(options.model_config_file)),
        "--host",
        "0.0.0.0",  # noqa: S104 - a container of its own, whose ports are published or not by its owner
        "--port",
        str(options.port),
    ]


def models_folder(config: Path) -> Path:
    """Return the folder that holds all models of a configuration; exits if they lie in several."""
    folders = {Path(base).parent for base in _BASE_PATH.findall(config.read_text("utf-8"))}
    if len(folders) != 1:
        raise SystemExit(f"{config} names models in {len(folders)} folders; the local server serves one.")
    return folders.pop()


if __name__ == "__main__":
    sys.exit(main(own_arguments(sys.argv[1:])))
