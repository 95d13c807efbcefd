"""The shapes of the calls that move photos from one gallery to another."""

from typing import Any

from flask_smorest.fields import Upload
from marshmallow import EXCLUDE, Schema, fields, validate

from app.domain import PhotoState
from app.web.schemas import UploadItem


class Numbers(fields.List[float]):
    """Very many numbers, handed on as they are."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value


def _numbers(axes: str) -> Numbers:
    return Numbers(fields.Float(), required=True, metadata={"description": axes})


class FeaturesShape(Schema):
    """What a model says of a photo. The numbers are the very float32 of the gallery file."""

    detections = fields.List(
        fields.List(fields.Float()),
        required=True,
        metadata={
            "description": "20 rows of class_id, confidence, xmin, ymin, xmax, ymax, in pixels of the 300 x 300 "
            "model input, most confident first, zeros at the end."
        },
    )
    word_vector = _numbers("50: the mean word vector of the names of the objects.")
    embedding = _numbers("As many as the model's embeddings have, of length 1.")
    tag_ids = fields.List(
        fields.Integer(),
        required=True,
        metadata={"description": "10: indexes into the model's tag classes, most probable first."},
    )
    tag_probabilities = _numbers("10, in 0..1.")
    label_scores = _numbers("As many as the model has labels: how probable each is in the picture, in 0..1.")


class PhotoFeatures(Schema):
    """What models say of a photo."""

    id = fields.String(required=True)
    features = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(FeaturesShape),
        required=True,
        metadata={"description": "By the model's name."},
    )


class RestoreFiles(Schema):
    """Photos, and what is known of them."""

    file = fields.List(Upload(), required=True, validate=validate.Length(min=1))
    known = Upload(
        required=True,
        metadata={
            "description": 'JSON: {"photos": […]} with one entry for each file, in order: null, or an object with '
            "id, name, added_at, state and perhaps error and features (by model, as GET …/features gives them). "
            "Other members are passed over."
        },
    )


class KnownPhotoShape(Schema):
    """An entry of `known`."""

    class Meta:
        """An exported photo's whole line may be sent."""

        unknown = EXCLUDE

    id = fields.String(required=True, validate=validate.Regexp(r"^[0-9a-f]{32}\Z"))
    name = fields.String(required=True)
    added_at = fields.String(required=True)
    state = fields.Enum(PhotoState, by_value=True, required=True)
    error = fields.String(allow_none=True, load_default=None)
    features = fields.Dict(keys=fields.String(), values=fields.Raw(), load_default=dict)


class RestoreItem(UploadItem):
    """What became of one file."""

    notes = fields.List(
        fields.String(), metadata={"description": "What of the known could not be taken over, in plain sentences."}
    )


class RestoreAnswer(Schema):
    """What became of each file, in the order sent."""

    items = fields.List(fields.Nested(RestoreItem), required=True)
