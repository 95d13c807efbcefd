"""What stands in the folder that `export` writes and `import` reads."""

LIST_NAME = "photos.jsonl"
UNFINISHED_NAME = f".{LIST_NAME}.part"
"""What the list is called until it is whole."""
FEATURES_NAME = "features"
SEARCHES_NAME = "saved_searches.json"
EXPLANATION_NAME = "README.txt"
OWN_NAMES = frozenset({LIST_NAME, FEATURES_NAME, SEARCHES_NAME, EXPLANATION_NAME})
"""What isn't a photo in such a folder; no photo's file is called so, for theirs end like pictures."""

EXPLANATION = """\
The photos of an image gallery, as they were uploaded, and all that it knew of them, written by `gallery export`.
`gallery import` of this folder gives the same photos back, with nothing to compute anew. A photo that was added,
replaced or changed since is looked at like a new one.

photos.jsonl
    One line a photo, oldest first, each a JSON object in UTF-8:
    file        its file in this folder
    id          the first 32 hex digits of the SHA-256 of the file
    name        what it is called in the gallery
    added_at    when it came, ISO 8601, UTC
    state       ready, failed (then error says why), stored or processing
    objects     what was seen, with boxes [xmin, ymin, xmax, ymax] in 0..1 of the picture
    tags        ImageNet classes of the whole picture
    width, height, media_type, size_bytes, dominant_colour, taken_at, exif
                what the file says
    features    by model: the row of its features in that model's arrays, and their checksum

saved_searches.json
    A list of the saved searches, oldest first: name, created_at, and search as the API takes it.

features/MODEL/*.npy
    NumPy arrays, little-endian, one row a photo:
    detections          float32 (rows, 20, 6): class_id (1 to 80 in COCO's order, 0 for none), confidence, xmin, ymin,
                        xmax, ymax in pixels of the 300 x 300 model input, most confident first
    word_vector         float32 (rows, 50): mean word vector of the names of the objects
    embedding           float32 (rows, width): of length 1; a scalar product is the cosine of two photos
    tag_ids             int32 (rows, 10): ImageNet classes by index, most probable first
    tag_probabilities   float32 (rows, 10)
    label_scores        float32 (rows, 80): how probable each of COCO's labels is in the picture

    The checksum is the CRC-32 of the photo's id in ASCII and the bytes of its row in each array, in this order.

In Python:

    import json
    import numpy as np
    with open("photos.jsonl", encoding="utf-8") as lines:
        photos = [json.loads(line) for line in lines]
    model = next(iter(photos[0]["features"]))  # "gallery_default.2" is version 2 of the default model
    embeddings = np.load(f"features/{model}/embedding.npy", mmap_mode="r")
    known = [photo for photo in photos if model in photo["features"]]
    first = embeddings[known[0]["features"][model]["row"]]
    likeness = {photo["file"]: float(embeddings[photo["features"][model]["row"]] @ first) for photo in known}
"""
