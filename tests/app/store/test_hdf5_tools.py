"""What HDF5's own tools make of a gallery file.

They come with Debian's package hdf5-tools; where they are missing, these tests are skipped.
"""

import re
import shutil
import subprocess
from pathlib import Path

import h5py
import pytest

from app.errors import StoreFormatError
from app.store.hdf5 import Hdf5Store
from tests.app.store.comparing import closing
from tests.app.store.photos import MODEL, SMALL, features, photo

pytestmark = pytest.mark.skipif(
    shutil.which("h5dump") is None or shutil.which("h5repack") is None,
    reason="h5dump and h5repack aren't installed (package hdf5-tools)",
)
DOCUMENTED = {
    "/_journal": "H5T_STD_U8LE",
    "/images": "H5T_COMPOUND",
    "/jobs": "H5T_COMPOUND",
    "/tombstones": "H5T_STD_U64LE",
    "/segments/000000": "H5T_STD_U8LE",
    "/segments/000001": "H5T_STD_U8LE",
    "/ssd_feature_group/ssd_feature": "H5T_IEEE_F32LE",
    "/nlp_feature_group/nlp_feature": "H5T_IEEE_F32LE",
    f"/embeddings/{MODEL}/vectors": "H5T_IEEE_F32LE",
    f"/tags/{MODEL}/class_id": "H5T_STD_I32LE",
    f"/tags/{MODEL}/probability": "H5T_IEEE_F32LE",
    f"/label_scores/{MODEL}/scores": "H5T_IEEE_F32LE",
    f"/checksums/{MODEL}/crc32": "H5T_STD_U32LE",
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Return a file after a clean stop, and copies as a kill leaves them: with a dirty journal, and recovered."""
    path = {name: tmp_path / f"{name}.h5" for name in ("clean", "dirty", "recovered")}
    with closing(Hdf5Store.open(path["clean"], layout=SMALL)) as store:
        store.add([photo(n) for n in range(6)], MODEL)
        store.finish(MODEL, {photo(n).id: features(n) for n in range(6)})
        store.delete(photo(1).id)
        shutil.copy(path["clean"], path["dirty"])
    shutil.copy(path["dirty"], path["recovered"])
    Hdf5Store.open(path["recovered"], layout=SMALL).close()
    return path


def output_of(*command: object) -> str:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.parametrize("name", ["clean", "recovered"])
def test_h5dump_sees_the_documented_datasets(files: dict[str, Path], name: str) -> None:
    listed = re.findall(r"^ dataset +(\S+)$", output_of("h5dump", "-n", files[name]), re.MULTILINE)
    assert set(DOCUMENTED) <= set(listed)
    output_of("h5dump", "-H", files[name])
    with h5py.File(files[name], "r") as file:
        for path, datatype in DOCUMENTED.items():
            header = output_of("h5dump", "-H", "-d", path, files[name])
            space = re.search(r"DATASPACE +SIMPLE \{ \( ([\d, ]+) \)", header)
            assert space is not None, header
            assert tuple(map(int, space.group(1).split(", "))) == file[path].shape
            assert f"DATATYPE  {datatype}" in header
            assert 'ATTRIBUTE "meaning"' in header


@pytest.mark.parametrize("name", ["clean", "recovered"])
def test_h5dump_reads_the_bytes_of_a_photo(files: dict[str, Path], name: str, tmp_path: Path) -> None:
    with h5py.File(files[name], "r") as file:
        image = file["images"][3]
    output_of(
        "h5dump", "-d", f"/segments/{image['segment']:06d}", "-s", image["offset"], "-c", image["length"],
        "-b", "LE", "-o", tmp_path / "photo", files[name],
    )  # fmt: skip
    assert (tmp_path / "photo").read_bytes() == photo(3).data


@pytest.mark.parametrize("name", ["clean", "recovered"])
def test_what_h5repack_makes_of_a_stopped_gallery_is_one(files: dict[str, Path], name: str, tmp_path: Path) -> None:
    """Everything stands elsewhere then, but for the journal, which has nothing to replay."""
    repacked = tmp_path / "repacked.h5"
    output_of("h5repack", files[name], repacked)
    with closing(Hdf5Store.open(repacked, layout=SMALL)) as store:
        store.delete(photo(3).id)
        store.add([photo(n) for n in range(10, 40)], MODEL)
        store.delete(photo(12).id)
    with closing(Hdf5Store.open(repacked, layout=SMALL)) as store:
        assert isinstance(store, Hdf5Store)
        assert store.verify().whole
        kept = [store.read_bytes(store.at(row).id) for row in store.rows().tolist()]
        assert kept == [photo(n).data for n in (0, 2, 4, 5, 10, 11, *range(13, 40))]


def test_what_h5repack_makes_of_an_interrupted_gallery_is_refused_untouched(
    files: dict[str, Path], tmp_path: Path
) -> None:
    before, repacked = files["dirty"].read_bytes(), tmp_path / "repacked.h5"
    output_of("h5repack", files["dirty"], repacked)
    content = repacked.read_bytes()
    with pytest.raises(StoreFormatError, match="changed by another program after the gallery had been interrupted"):
        Hdf5Store.open(repacked, layout=SMALL)
    assert repacked.read_bytes() == content
    assert files["dirty"].read_bytes() == before
    with closing(Hdf5Store.open(files["dirty"], layout=SMALL)) as store:
        kept = [store.read_bytes(store.at(row).id) for row in store.rows().tolist()]
        assert kept == [photo(n).data for n in (0, 2, 3, 4, 5)]
