from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.text.word2vec_file import read_word2vec
from model_server.training.words.train import write_word2vec

WORDS = st.lists(st.text("abcé_-'", min_size=1, max_size=6), min_size=1, max_size=8, unique=True)


@given(words=WORDS, data=st.data())
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], data: st.DataObject
) -> None:
    vectors = data.draw(arrays(np.float32, (len(words), 3), elements=st.floats(-2, 2, width=32)))
    path = tmp_path_factory.mktemp("vectors") / "vectors.bin.gz"
    write_word2vec(path, words, vectors)
    read_words, read_vectors = read_word2vec(path)
    assert read_words == words
    np.testing.assert_array_equal(read_vectors, vectors)


@pytest.mark.parametrize("name", ["vectors.bin", "vectors.bin.gz"])
def test_files_that_gensim_writes_are_read(tmp_path: Path, name: str) -> None:
    gensim_vectors = KeyedVectors(4)
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    gensim_vectors.add_vectors(["cat", "hot_dog", "café"], values)
    gensim_vectors.save_word2vec_format(str(tmp_path / name), binary=True)
    words, vectors = read_word2vec(tmp_path / name)
    assert words == ["cat", "hot_dog", "café"]
    np.testing.assert_array_equal(vectors, values)


@pytest.mark.parametrize("damage", [b"", b"hello", b"2\n", b"0 4\n", b"2 2\ncat 12345678dog 1234"])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "vectors.bin"
    path.write_bytes(damage)
    with pytest.raises(ValueError, match=r"vectors\.bin"):
        read_word2vec(path)
