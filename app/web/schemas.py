"""The API's shapes: what calls take and give, and what `/openapi.json` says of them."""

from flask_smorest.fields import Upload
from marshmallow import Schema, fields, validate

from app.domain import PhotoState
from app.services.upkeep_tasks import TaskKind, TaskState
from app.store.verify import Part

MAX_LIMIT = 500
MAX_ZIPPED = 5000
MAX_DELETED = 500


def limit_field(default: int) -> fields.Integer:
    """Return the field that says how many to return."""
    return fields.Integer(
        load_default=default,
        validate=validate.Range(min=1, max=MAX_LIMIT),
        metadata={"description": f"How many to return, 1 to {MAX_LIMIT}."},
    )


def box_field(description: str) -> fields.List[float]:
    """Return the field of a rectangle."""
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
    box = box_field("Where:")


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

    limit = limit_field(60)
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
    limit = limit_field(120)


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


class DeleteRequest(Schema):
    """Which photos to delete."""

    ids = fields.List(
        fields.String(),
        required=True,
        validate=validate.Length(min=1, max=MAX_DELETED),
        metadata={"description": f"Up to {MAX_DELETED} ids."},
    )


class DeleteAnswer(Schema):
    """What was deleted."""

    deleted = fields.List(fields.String(), required=True, metadata={"description": "Ids, without those not there."})


class RetryAnswer(Schema):
    """What is looked at again."""

    retried = fields.Integer(required=True, metadata={"description": "How many photos had failed."})


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
