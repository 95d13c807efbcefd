"""Read word vectors from a file of word2vec's binary format, which gensim's KeyedVectors reads too.

Importing gensim costs the web process 90 MB and half a second; this costs neither.
The file: a line with the number of words and of dimensions; for each word its UTF-8 bytes, a space, the
float32 values in little-endian order, and possibly a line feed. The whole may be compressed with gzip.
"""

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_GZIP_MAGIC = b"\x1f\x8b"


def read_word2vec(path: Path) -> tuple[list[str], NDArray[np.float32]]:
    """Return the words and their vectors, float32 (n_words, n_dimensions); raise ValueError for other files."""
    data = path.read_bytes()
    if data.startswith(_GZIP_MAGIC):
        data = gzip.decompress(data)
    header_end = data.find(b"\n")
    try:
        n_words, n_dimensions = (int(number) for number in data[: max(header_end, 0)].split())
    except ValueError as error:
        raise ValueError(f"{path} is no word2vec file: its first line isn't two numbers.") from error
    words, starts = _find_words(data, header_end + 1, n_words, 4 * n_dimensions)
    if not words or len(words) < n_words or starts[-1] + 4 * n_dimensions > len(data):
        raise ValueError(f"{path} is damaged: it ends before the last of its {n_words} words. Install it again.")
    bytes_of_vectors = np.empty((n_words, 4 * n_dimensions), dtype=np.uint8)
    everything = np.frombuffer(data, dtype=np.uint8)
    for row, start in enumerate(starts):
        bytes_of_vectors[row] = everything[start : start + 4 * n_dimensions]
    return words, bytes_of_vectors.view("<f4").astype(np.float32, copy=False)


def _find_words(data: bytes, place: int, n_words: int, vector_bytes: int) -> tuple[list[str], list[int]]:
    """Return the words and where each one's vector begins."""
    words, starts = [], []
    for _ in range(n_words):
        space = data.find(b" ", place)
        if space < 0:
            break
        words.append(data[place:space].lstrip(b"\n").decode())
        starts.append(space + 1)
        place = space + 1 + vector_bytes
    return words, starts
