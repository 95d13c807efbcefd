"""Textures are pictures of the model's size, of many kinds, and the same for the same seed."""

import numpy as np

from model_server.training.textures import textures


def test_they_are_pictures_of_fine_and_coarse_grain() -> None:
    made = list(textures(np.random.default_rng(1), 40))
    assert {picture.shape for picture in made} == {(300, 300, 3)}
    assert {picture.dtype for picture in made} == {np.dtype(np.uint8)}
    steps = [float(np.abs(np.diff(picture.astype(float), axis=0)).mean()) for picture in made]
    assert min(steps) < 1 < 10 < max(steps)


def test_the_same_seed_gives_the_same_pictures() -> None:
    one, other = (list(textures(np.random.default_rng(5), 3)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
