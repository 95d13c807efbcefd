"""The API's shapes: what calls take and give, and what `/openapi.json` says of them."""

from flask_smorest.fields import Upload
from marshmallow import Schema, fields, validate

from app.domain import KeywordMode, PhotoState, SimilarityMethod
from app.services.upkeep_tasks import TaskKind, TaskState
from app.store.verify import Part
from app.text.suggest import Kind

MAX_LIMIT = 500
MAX_ZIPPED = 5000
REASON_KINDS = ("label", "embedding", "objects", "box", "signal", "example", "count", "relation", "size", "fact")


def _limit(default: int) -> fields.Integer:
    return fields.Integer(
        load_default=default,
        validate=validate.Range(min=1, max=MAX_LIMIT),
        metadata={"description": f"How many to return, 1 to {MAX_LIMIT}."},
    )


def _box(description: str) -> fields.List[float]:
    return fields.List(
        fields.Float(),
        validate=validate.Length(equal=4),
        metadata={"description": f"{description} [xmin, ymin, xmax, ymax] in 0..1 of the upright picture."},
    )


class ErrorDetail(Schema):
    """What went wrong."""

    code = fields.String(required=True, metadata={"description": "A stable name for programs."})
    message = fields.String(required=True, metadata={"description": "What was wrong, and what to do."})
    detail = fields.Dict(keys=fields.String(), required=True)


class ErrorAnswer(Schema):
    """The one shape of every error."""

    error = fields.Nested(ErrorDetail, required=True)


class ImageRow(Schema):
    """A photo as lists show it."""

    id = fields.String(required=True, metadata={"pattern": "^[0-9a-f]{32}$"})
    name = fields.String(required=True)
    media_type = fields.String(required=True)
    size_bytes = fields.Integer(required=True)
    width = fields.Integer(required=True, metadata={"description": "Pixels of the upright picture."})
    height = fields.Integer(required=True, metadata={"description": "Pixels of the upright picture."})
    dominant_colour = fields.String(required=True, metadata={"description": "#rrggbb"})
    taken_at = fields.String(required=True, allow_none=True, metadata={"description": "ISO 8601, camera time."})
    added_at = fields.String(required=True, metadata={"description": "ISO 8601, UTC."})
    state = fields.Enum(PhotoState, by_value=True, required=True)
    error = fields.String(required=True, allow_none=True, metadata={"description": "Why it failed."})


class DetectedObjectShape(Schema):
    """A thing seen in a photo."""

    label = fields.String(required=True)
    class_id = fields.Integer(required=True)
    confidence = fields.Float(required=True)
    box = _box("Where:")


class TagShape(Schema):
    """An ImageNet class of the whole picture."""

    label = fields.String(required=True)
    probability = fields.Float(required=True)


class ImageDetails(ImageRow):
    """A photo with all that is known of it."""

    exif = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    objects = fields.List(fields.Nested(DetectedObjectShape), required=True)
    tags = fields.List(fields.Nested(TagShape), required=True)
    models = fields.List(fields.String(), required=True, metadata={"description": "Models that have looked at it."})


class ImagePage(Schema):
    """A stretch of the list, newest first."""

    items = fields.List(fields.Nested(ImageRow), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    total = fields.Integer(required=True)


class UploadFiles(Schema):
    """One or many files."""

    file = fields.List(Upload(), required=True, validate=validate.Length(min=1))


class FromUrl(Schema):
    """A photo on the web."""

    url = fields.String(required=True, metadata={"description": "A public http or https address."})


class UploadItem(Schema):
    """What became of one file: a photo, or an error."""

    filename = fields.String(required=True)
    id = fields.String()
    state = fields.Enum(PhotoState, by_value=True)
    duplicate = fields.Boolean()
    error = fields.Nested(ErrorDetail)


class UploadAnswer(Schema):
    """What became of each file, in the order sent."""

    items = fields.List(fields.Nested(UploadItem), required=True)


class ImageListQuery(Schema):
    """What to list."""

    limit = _limit(60)
    cursor = fields.String(metadata={"description": "`next_cursor` of the page before."})
    label = fields.String(
        metadata={"description": "Only photos with an object of this label, of confidence 0.3 or more."}
    )
    state = fields.Enum(PhotoState, by_value=True)


class TimelineQuery(Schema):
    """Which photos."""

    label = fields.String(
        metadata={"description": "Only photos with an object of this label, of confidence 0.3 or more."}
    )
    state = fields.Enum(PhotoState, by_value=True)


class TimelineStretchQuery(TimelineQuery):
    """Which stretch of which photos."""

    offset = fields.Integer(
        load_default=0, validate=validate.Range(min=0, max=2**31), metadata={"description": "How many come before."}
    )
    limit = _limit(120)


class TimelineMonth(Schema):
    """A month with photos."""

    month = fields.String(required=True, metadata={"description": "As in `2024-05`."})
    count = fields.Integer(required=True)


class TimelineOutline(Schema):
    """Where each photo stands, the latest day first."""

    version = fields.String(required=True, metadata={"description": "Another one once photos have come or gone."})
    total = fields.Integer(required=True)
    months = fields.List(fields.Nested(TimelineMonth), required=True)
    ratios = fields.List(
        fields.Integer(),
        required=True,
        metadata={"description": "Of each photo, width by height times 1000, kept within 400 and 3000."},
    )


class TimelinePhoto(Schema):
    """What the gallery page shows of a photo."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    day = fields.String(required=True, metadata={"description": "As in `2024-05-17`."})
    width = fields.Integer(required=True)
    height = fields.Integer(required=True)
    dominant_colour = fields.String(required=True, metadata={"description": "#rrggbb"})
    state = fields.Enum(PhotoState, by_value=True, required=True)


class TimelineStretch(Schema):
    """Some photos of the timeline."""

    version = fields.String(required=True, metadata={"description": "That of the timeline they are a part of."})
    total = fields.Integer(required=True)
    items = fields.List(fields.Nested(TimelinePhoto), required=True)


class ZipForm(Schema):
    """Which photos to pack."""

    ids = fields.String(
        required=True,
        validate=validate.Length(min=1, max=33 * MAX_ZIPPED),
        metadata={"description": f"Up to {MAX_ZIPPED} ids, with commas between them; unknown ones are passed over."},
    )


class FileQuery(Schema):
    """Which bytes of a photo."""

    damaged = fields.Boolean(
        load_default=False,
        metadata={"description": "Send the bytes even if they aren't those that were uploaded any more."},
    )


class ThumbnailQuery(Schema):
    """How large a thumbnail."""

    size = fields.Integer(
        load_default=512,
        validate=validate.Range(min=1, max=4096),
        metadata={"description": "Longer side in pixels; the next larger of 256, 512 and 1024 is sent."},
    )


class KeywordQuery(Schema):
    """Words to search for."""

    q = fields.String(
        required=True, metadata={"description": 'Words, "phrases", -exclusions and conditions such as `dog>=2`.'}
    )
    limit = _limit(60)
    mode = fields.Enum(KeywordMode, by_value=True, load_default=KeywordMode.LATE)


class SuggestQuery(Schema):
    """A query that is being typed."""

    q = fields.String(load_default="", validate=validate.Length(max=500))
    cursor = fields.Integer(
        validate=validate.Range(min=0), metadata={"description": "Where the cursor stands in it; else at its end."}
    )
    limit = fields.Integer(load_default=8, validate=validate.Range(min=1, max=50))


class SuggestionShape(Schema):
    """One way to go on."""

    text = fields.String(required=True, metadata={"description": "What it adds, to be shown."})
    kind = fields.Enum(Kind, by_value=True, required=True)
    query = fields.String(required=True, metadata={"description": "The whole query with it."})
    cursor = fields.Integer(required=True, metadata={"description": "Where to go on typing in that query."})
    photos = fields.Integer(
        required=True, allow_none=True, metadata={"description": "How many photos carry this label."}
    )


class SuggestionList(Schema):
    """Ways to go on, the likeliest first."""

    items = fields.List(fields.Nested(SuggestionShape), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    total = fields.Integer(required=True)


class SimilarQuery(Schema):
    """How to compare."""

    limit = _limit(50)
    method = fields.Enum(SimilarityMethod, by_value=True, load_default=SimilarityMethod.EMBEDDING)
    box = fields.String(
        metadata={"description": "Search with this part only: `xmin,ymin,xmax,ymax` in 0..1, or the same as JSON."}
    )
    q = fields.String(metadata={"description": "Words that the results must fit as well."})
    weights = fields.String(
        metadata={
            "description": "For `hybrid`, what each signal counts: a JSON object of numbers from 0 on, as "
            '`{"embedding": 0.4, "layout": 0.5, "ssd": 0.1}`; a signal that is left out counts nothing.'
        }
    )


class SimilarFiles(Schema):
    """The photos to search with; they are not stored."""

    file = fields.List(Upload(), load_default=list)


class SimilarForm(SimilarQuery):
    """How to compare photos from outside, stored ones and words."""

    examples = fields.String(
        metadata={
            "description": "For more than one photo, a JSON list. Each entry has an `id` (a stored photo), a `file` "
            "(0 is the first one sent) or words `q`, and may have a `weight` (negative: photos should not be like "
            "it) and a `box`. Files that it doesn't name count 1."
        }
    )


class PlacedBoxShape(Schema):
    """A thing, and where photos should show it."""

    label = fields.String(required=True, metadata={"description": "One of the detector's labels."})
    box = _box("Where:")


class LayoutBody(Schema):
    """Things placed by hand."""

    boxes = fields.List(fields.Nested(PlacedBoxShape), required=True, validate=validate.Length(min=1, max=20))
    limit = _limit(60)


class ReasonShape(Schema):
    """Why a photo was found; `kind` says which of the other fields there are."""

    kind = fields.String(required=True, validate=validate.OneOf(REASON_KINDS))
    word = fields.String(metadata={"description": "label: the word of the query."})
    label = fields.String(metadata={"description": "What was seen; count: the word of the query."})
    weight = fields.Float(metadata={"description": "label: its part of the score. example: what it counts."})
    source = fields.String(metadata={"description": "label: `picture`, `objects` or `tags`."})
    cosine = fields.Float(metadata={"description": "embedding: how alike the whole pictures look, -1..1."})
    pairs = fields.Integer(metadata={"description": "objects: how many pairs counted."})
    mean = fields.Float(metadata={"description": "objects: their mean similarity."})
    query_box = _box("box: where it is in the query.")
    box = _box("box, relation, size: where it is in this photo.")
    overlap = fields.Float(metadata={"description": "box: intersection over union, 0..1."})
    method = fields.String(metadata={"description": "signal: which similarity."})
    share = fields.Float(
        metadata={"description": "signal: its share of the score. size: of the picture's area. 0..1."}
    )
    example = fields.String(metadata={"description": "example: the photo's name, or the words."})
    score = fields.Float(metadata={"description": "example: how well the photo fits it, -1..1."})
    count = fields.Integer(metadata={"description": "count: how many there are."})
    wanted = fields.String(metadata={"description": "count: what was asked for, as `>=2`."})
    boxes = fields.List(_box("Where:"), metadata={"description": "count: where each of them is."})
    relation = fields.String(metadata={"description": "relation: how `label` stands to `other`."})
    other = fields.String(metadata={"description": "relation: the second thing."})
    other_box = _box("relation: where the second thing is.")
    size = fields.String(metadata={"description": "size: `big` or `small`."})
    text = fields.String(metadata={"description": "fact: what of the photo itself was asked for."})


class HitShape(Schema):
    """A photo that was found."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    score = fields.Float(required=True)
    weak = fields.Boolean(required=True, metadata={"description": "It stands past the drop in relevance."})
    why = fields.List(fields.Nested(ReasonShape), required=True)


class HitList(Schema):
    """Photos that were found, best first."""

    items = fields.List(fields.Nested(HitShape), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    total = fields.Integer(required=True, metadata={"description": "How many photos were compared."})
    elapsed_ms = fields.Float(required=True)
    notices = fields.List(fields.String(), required=True)


class SaveSearch(Schema):
    """A search to be saved."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    search = fields.Dict(keys=fields.String(), required=True, metadata={"description": "With q, examples or boxes."})


class SavedSearchShape(Schema):
    """A saved search."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    created_at = fields.String(required=True, metadata={"description": "ISO 8601, UTC."})
    search = fields.Dict(keys=fields.String(), required=True)


class SavedSearchList(Schema):
    """All saved searches."""

    items = fields.List(fields.Nested(SavedSearchShape), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    total = fields.Integer(required=True)


class SavedResultsQuery(Schema):
    """How much of what a saved search finds."""

    limit = _limit(60)


class ModelShape(Schema):
    """A model of the catalogue."""

    name = fields.String(required=True)
    version = fields.Integer(required=True)
    title = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    licence = fields.String(required=True)
    active = fields.Boolean(required=True)
    state = fields.String(required=True, metadata={"description": "`ready`, `starting` or `down`."})
    covered = fields.Integer(required=True, metadata={"description": "Photos that it has looked at."})


class ModelList(Schema):
    """All models."""

    items = fields.List(fields.Nested(ModelShape), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    total = fields.Integer(required=True)


class BackupRequest(Schema):
    """Where the backup goes."""

    file = fields.String(
        required=True,
        metadata={"description": "A name that ends in `.h5`, of a new file in the gallery file's folder."},
    )


class DamageShape(Schema):
    """A part of a photo that isn't as it was stored."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    part = fields.Enum(Part, by_value=True, required=True)
    model = fields.String(required=True, allow_none=True, metadata={"description": "Whose features they are."})
    recomputable = fields.Boolean(required=True, metadata={"description": "It can be made anew from the photo."})


class UpkeepResult(Schema):
    """What came of a piece of upkeep; its `kind` says which of the fields there are."""

    whole = fields.Boolean(metadata={"description": "verify: nothing is damaged."})
    photos = fields.Integer(metadata={"description": "verify: how many were checked."})
    checked_bytes = fields.Integer(metadata={"description": "verify: the length of their bytes and thumbnails."})
    queued = fields.Integer(metadata={"description": "verify: photos whose features are computed anew."})
    mended = fields.Integer(metadata={"description": "verify: photos whose thumbnail or details were made anew."})
    damages = fields.List(fields.Nested(DamageShape), metadata={"description": "verify: what is damaged."})
    freed_bytes = fields.Integer(metadata={"description": "compact: what the file system got back."})
    file = fields.String(metadata={"description": "backup: its name in the gallery file's folder."})
    size_bytes = fields.Integer(metadata={"description": "backup: its length."})


class UpkeepTask(Schema):
    """A piece of upkeep: how far it is, and in the end its result or its error."""

    id = fields.String(required=True)
    kind = fields.Enum(TaskKind, by_value=True, required=True)
    file = fields.String(metadata={"description": "backup: the name asked for."})
    state = fields.Enum(TaskState, by_value=True, required=True)
    done = fields.Integer(required=True, metadata={"description": "How much is done, of `of`."})
    of = fields.Integer(required=True, metadata={"description": "Photos; of a backup, bytes."})
    result = fields.Nested(UpkeepResult)
    error = fields.Nested(ErrorDetail)


class UpkeepList(Schema):
    """The last pieces of upkeep, newest first."""

    items = fields.List(fields.Nested(UpkeepTask), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    total = fields.Integer(required=True)
