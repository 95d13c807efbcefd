from pathlib import Path

import pytest

from model_server.training.words.wordnet import WordNet
from tests.model_server.training.words.small_wordnet import write_wordnet


@pytest.fixture
def wordnet_folder(tmp_path: Path) -> Path:
    return write_wordnet(tmp_path / "wordnet")


@pytest.fixture
def wordnet(wordnet_folder: Path) -> WordNet:
    return WordNet.read(wordnet_folder)
