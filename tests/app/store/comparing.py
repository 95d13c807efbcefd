"""Filling stores, and comparing what comes back."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from app.store.base import NeighbourLists, Store
from tests.app.store.photos import MODEL, features, photo


def with_features(store: Store, numbers: range) -> None:
    """Add photos with features."""
    store.add([photo(n) for n in numbers], MODEL)
    store.finish(MODEL, {photo(n).id: features(n) for n in numbers})


def widths(store: Store) -> dict[str, int]:
    """Return the width of each model's embeddings."""
    return {model: shapes["embedding"][0] for model, shapes in store.models().items()}


def picked(lists: NeighbourLists, *places: int) -> NeighbourLists:
    return NeighbourLists(**{name: column[list(places)] for name, column in vars(lists).items()})


def same_lists(one: NeighbourLists, other: NeighbourLists) -> bool:
    return all(np.array_equal(vars(one)[name], vars(other)[name]) for name in vars(one))


@contextmanager
def closing(store: Store) -> Iterator[Store]:
    """Close a store in the end."""
    try:
        yield store
    finally:
        store.close()
