"""The command `python -m model_server.training`: train the default model's parts (for those who develop it)."""

import argparse
import sys
from pathlib import Path

from model_server.catalogue import load_card
from model_server.errors import ModelServerError
from model_server.training.detector import Recipe
from model_server.training.log import TrainingLog
from model_server.training.network import best_precision
from model_server.training.train import DefaultTraining

MODEL = "gallery_default"
MANY_STEPS = 100_000
PAUSE_EVERY_S = 900  # measuring takes a while


def main() -> int:
    """Run; 0 when it worked, 1 with one line on standard error when it can't."""
    options = _parser().parse_args()
    try:
        log = TrainingLog(options.out / f"{options.part}_log.jsonl", print)
        training = DefaultTraining(load_card(MODEL), options.photos, options.start, options.out, log)
        if options.part == "detector":
            steps = options.steps or MANY_STEPS
            recipe = Recipe(steps, options.minutes, pause_every_s=PAUSE_EVERY_S, precision=best_precision())
            training.train_detector(recipe)
        else:
            training.fit_probe(options.views, Recipe.seed)
    except ModelServerError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command speaks on its streams
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model_server.training", description=__doc__)
    parser.add_argument("part", choices=("detector", "probe"))
    parser.add_argument("--photos", type=Path, required=True, help="folder with train.jsonl and train/")
    parser.add_argument("--out", type=Path, required=True, help="folder for the weights and the log")
    parser.add_argument("--start", type=Path, help="weights to start from (default: the project's)")
    parser.add_argument("--minutes", type=float, default=75.0, help="how long it may take (default: %(default)s)")
    parser.add_argument("--steps", type=int, help="how many steps of 16 views at most")
    parser.add_argument("--views", type=int, default=4, help="the probe's views of each photo (default: %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
