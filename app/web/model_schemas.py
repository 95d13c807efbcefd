"""The shapes of the calls on models."""

from marshmallow import Schema, fields


class ModelShape(Schema):
    """A model of the catalogue."""

    name = fields.String(required=True)
    version = fields.Integer(required=True)
    title = fields.String(required=True)
    roles = fields.List(fields.String(), required=True, metadata={"description": "What it can do."})
    licence = fields.String(required=True)
    active = fields.Boolean(required=True, metadata={"description": "Searches answer from it."})
    roles_in_use = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "`detector`, `tagger`, `embedder`: what it is used for."},
    )
    state = fields.String(
        required=True, metadata={"description": "On the model server: `ready`, `starting` or `down`."}
    )
    covered = fields.Integer(required=True, metadata={"description": "Photos that it has looked at."})


class OverlapShape(Schema):
    """How much of what searches find stayed at the last change: means of the shares of the 10 best."""

    photos = fields.Integer(required=True, metadata={"description": "That were compared with all, 200 at most."})
    similar = fields.Float(required=True, metadata={"description": "0..1, of photos like those."})
    labels = fields.Integer(required=True, metadata={"description": "That were searched for."})
    words = fields.Float(required=True, metadata={"description": "0..1, of photos found by those labels."})


class ModelChange(Schema):
    """How far the change to other models is, and what came of the last one.

    A model's name stands for its version 1; later versions add theirs, as in `gallery_default.2`.
    """

    under_way = fields.Boolean(required=True)
    paused = fields.Boolean(required=True)
    active = fields.List(fields.String(), required=True, metadata={"description": "Searches answer from these."})
    target = fields.List(fields.String(), required=True, metadata={"description": "Photos are looked at by these."})
    previous = fields.List(fields.String(), required=True, metadata={"description": "A rollback goes back to these."})
    photos = fields.Integer(required=True, metadata={"description": "To be looked at in all."})
    done = fields.Integer(required=True)
    refused = fields.Integer(required=True, metadata={"description": "Photos that can't be looked at."})
    problem = fields.String(required=True, allow_none=True, metadata={"description": "Why it stands still."})
    overlap = fields.Nested(OverlapShape, required=True, allow_none=True)


class KeptFeatures(Schema):
    """The features by one version of a model."""

    model = fields.String(required=True, metadata={"description": "With its version, as in `gallery_default.2`."})
    photos = fields.Integer(required=True, metadata={"description": "Whose features they are."})


class ModelList(Schema):
    """All models."""

    items = fields.List(fields.Nested(ModelShape), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    total = fields.Integer(required=True)
    change = fields.Nested(ModelChange, required=True)
    kept = fields.List(
        fields.Nested(KeptFeatures),
        required=True,
        metadata={"description": "Whose features are in the gallery file, those of models no longer in use too."},
    )
