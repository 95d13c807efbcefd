"""Freely licensed photos that installed packages carry (scikit-image, scikit-learn), as files for demonstrations."""

import argparse
from pathlib import Path

import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_sample_images

SCIKIT_IMAGE = {
    "astronaut": "astronaut",
    "cat": "chelsea",
    "coffee": "coffee",
    "galaxies": "hubble_deep_field",
    "rocket": "rocket",
    "coins": "coins",
    "moon": "moon",
    "camera": "camera",
}
"""File name to the name of scikit-image's function."""


def demo_photos() -> dict[str, NDArray[np.uint8]]:
    """Return photos by name, each uint8 (height, width, 3)."""
    photos = {name: getattr(skimage.data, function)() for name, function in SCIKIT_IMAGE.items()}
    photos["motorcycle"] = skimage.data.stereo_motorcycle()[0]
    samples = load_sample_images()
    photos |= {Path(name).stem: image for name, image in zip(samples.filenames, samples.images, strict=True)}
    return {name: np.asarray(Image.fromarray(photo).convert("RGB")) for name, photo in photos.items()}


def write_demo_photos(folder: Path) -> list[Path]:
    """Write the photos as JPEG files into a folder; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, photo in demo_photos().items():
        paths.append(folder / f"{name}.jpg")
        Image.fromarray(photo).save(paths[-1], quality=92)
    return paths


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    write_demo_photos(parser.parse_args().folder)
