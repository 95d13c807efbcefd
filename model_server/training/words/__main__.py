"""Train or evaluate the word vectors: `python -m model_server.training.words train|evaluate`."""

import argparse
import logging
from pathlib import Path

from model_server.catalogue import load_card
from model_server.training.words.evaluate import write_result
from model_server.training.words.train import VECTORS_NAME, ModelLabels, TrainSettings, train
from model_server.training.words.walks import WalkSettings

DEFAULT_OUT = Path("app/text/data")
DEFAULT_WORDNET = Path("/usr/share/wordnet")
LABELLED_MODEL = "gallery_default"


def main(arguments: list[str] | None = None) -> None:
    """Run one of the two commands."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    if options.command == "train":
        walks = WalkSettings(tokens=options.walk_words, seed=options.seed)
        train(options.wordnet, options.out, _labels(), TrainSettings(workers=options.workers, walks=walks))
    write_result(options.out / VECTORS_NAME)


def _labels() -> ModelLabels:
    card = load_card(LABELLED_MODEL)
    return ModelLabels(card.labels, tuple((tag.wnid, tag.name) for tag in card.tag_classes))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model_server.training.words", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train", help="train on WordNet, write the files and measure them")
    training.add_argument("--wordnet", type=Path, default=DEFAULT_WORDNET, help="folder of WordNet's database files")
    training.add_argument("--walk-words", type=int, default=WalkSettings.tokens, help="words of random walks")
    training.add_argument("--workers", type=int, default=TrainSettings.workers, help="threads")
    training.add_argument("--seed", type=int, default=WalkSettings.seed)
    measuring = commands.add_parser("evaluate", help="measure the vectors against people's ratings")
    for command in (training, measuring):
        command.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder of the vectors")
    return parser


if __name__ == "__main__":
    main()
