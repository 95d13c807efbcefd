from pathlib import Path

import h5py
import numpy as np
import pytest

from app.store.base import NeighbourLists
from app.store.hdf5 import Hdf5Store
from tests.app.store.comparing import closing, same_lists, with_features
from tests.app.store.photos import MODEL, SMALL, damage, features, neighbours, photo


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gallery.h5"


@pytest.fixture
def put(path: Path) -> NeighbourLists:
    """Lists of all photos of a gallery that was closed."""
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        with_features(store, range(40))
        lists = neighbours(store, range(40), seed=1)
        store.neighbours.put(MODEL, lists)
    return lists


def test_lists_are_there_after_reopening(path: Path, put: NeighbourLists) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        assert same_lists(store.neighbours.lists(MODEL), put)
        store.neighbours.put(MODEL, neighbours(store, [3], seed=2))
        assert not same_lists(store.neighbours.lists(MODEL), put)


def test_any_program_reads_them(path: Path, put: NeighbourLists) -> None:
    with h5py.File(path, "r") as file:
        group = file[f"neighbors/{MODEL}"]
        np.testing.assert_array_equal(group["row"], put.neighbours)
        np.testing.assert_array_equal(group["similarity"], put.similarities)
        assert all(dataset.attrs["meaning"] and dataset.attrs["axes"] for dataset in group.values())


def test_rows_without_a_list_name_nobody(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        with_features(store, range(40))
        store.neighbours.put(MODEL, neighbours(store, [35], seed=1))
    with h5py.File(path, "r") as file:
        assert file[f"neighbors/{MODEL}/row"].shape == (40, 50)
        assert (file[f"neighbors/{MODEL}/row"][:35] == -1).all()


@pytest.mark.parametrize("column", ["neighbours", "similarities"])
def test_a_damaged_list_is_as_if_it_were_not_there(path: Path, put: NeighbourLists, column: str) -> None:
    damage(path, vars(put)[column][17].tobytes(), fields=[40])
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        assert same_lists(store.neighbours.lists(MODEL), put.where(put.rows != 17))


def test_a_file_without_lists_gains_them(path: Path) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        with_features(store, range(20))
    with h5py.File(path, "r") as file:
        assert "neighbors" not in file  # As files were before lists were kept.
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.neighbours.put(MODEL, neighbours(store, [4], seed=1))
        with_features(store, range(20, 30))
        store.neighbours.put(MODEL, neighbours(store, [29], seed=1))
        assert store.neighbours.lists(MODEL).rows.tolist() == [4, 29]


def test_a_change_that_fails_takes_its_lists_along(path: Path, put: NeighbourLists) -> None:
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        assert isinstance(store, Hdf5Store)

        def fail() -> None:
            raise ZeroDivisionError

        lists = neighbours(store, range(10), seed=5)
        with pytest.raises(ZeroDivisionError):
            store._commits.run(
                lambda changes: changes.also.extend([lambda: store.neighbours._write(MODEL, lists), fail])
            )
        assert same_lists(store.neighbours.lists(MODEL), put)
        with_features(store, range(100, 140))
        store.neighbours.put(MODEL, neighbours(store, [79], seed=5))
        assert store.neighbours.lists(MODEL).rows.tolist() == [*range(40), 79]
        assert store.features(photo(139).id, MODEL) is not None
        assert store.embeddings_of(np.array([79]), MODEL)[0].tolist() == features(139).embedding.tolist()
