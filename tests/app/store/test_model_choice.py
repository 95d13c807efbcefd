"""Which models are in use stands in the file where any HDF5 tool reads it, and outlives the process."""

from contextlib import closing
from pathlib import Path

import h5py

from app.store.hdf5 import Hdf5Store
from tests.app.store.photos import MODEL, SMALL, features, only, photo


def test_the_choice_and_partial_features_outlive_the_process(tmp_path: Path) -> None:
    path = tmp_path / "gallery.h5"
    embeds = only(features(1, width=4), "embedding")
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.add([photo(1)], MODEL)
        store.finish(MODEL, {photo(1).id: features(1)})
        store.add_features("vit.3", {photo(1).id: embeds})
        store.model_choice.put('{"a": 1}')
        store.model_choice.put('{"b": 2}')
    with h5py.File(path) as file:
        assert file["models"].attrs["choice"] == b'{"b": 2}'
        vectors = file["embeddings/vit.3/vectors"]
        assert (vectors.attrs["model"], vectors.attrs["version"]) == ("vit", 3)
        assert "vit.3" not in file["ssd_feature_group"]
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        assert store.model_choice.get() == '{"b": 2}'
        found = store.features(photo(1).id, "vit.3")
        assert found is not None
        assert found.embedding.tolist() == embeds.embedding.tolist()
        assert found.detections.shape == (0, 6)
        assert store.verify().whole


def test_dropped_features_give_their_room_back_and_nothing_else(tmp_path: Path) -> None:
    path, count = tmp_path / "gallery.h5", 8 * SMALL.chunk_rows
    ids = [photo(n).id for n in range(count)]
    wide = {photo_id: only(features(n, width=2048), "embedding") for n, photo_id in enumerate(ids)}
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        store.add([photo(n) for n in range(count)], MODEL)
        store.finish(MODEL, {photo_id: features(n) for n, photo_id in enumerate(ids)})
        store.add_features("vit.3", wide)
        before = store.info().size_bytes
        assert store.drop_features("vit.3") == count
        assert before - store.info().size_bytes >= 0.9 * count * 2048 * 4
    with closing(Hdf5Store.open(path, layout=SMALL)) as store:
        assert len(store.neighbours.rows("vit.3")) == 0
        assert store.verify().whole
        store.add_features("vit.3", {ids[5]: wide[ids[5]]})
        found = store.features(ids[5], "vit.3")
        assert found is not None
        assert found.embedding.tolist() == wide[ids[5]].embedding.tolist()
        assert store.verify().whole
