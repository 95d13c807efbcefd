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
