"""The shapes of the API's searches: what they take and give, and what `/openapi.json` says of them."""

from flask_smorest.fields import Upload
from marshmallow import Schema, fields, validate

from app.domain import KeywordMode, SimilarityMethod
from app.text.suggest import Kind
from app.web.schemas import box_field, limit_field

REASON_KINDS = ("label", "embedding", "objects", "box", "signal", "example", "count", "relation", "size", "fact")


class KeywordQuery(Schema):
    """Words to search for."""

    q = fields.String(
        required=True, metadata={"description": 'Words, "phrases", -exclusions and conditions such as `dog>=2`.'}
    )
    limit = limit_field(60)
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

    limit = limit_field(50)
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
    box = box_field("Where:")


class LayoutBody(Schema):
    """Things placed by hand."""

    boxes = fields.List(fields.Nested(PlacedBoxShape), required=True, validate=validate.Length(min=1, max=20))
    limit = limit_field(60)


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
    query_box = box_field("box: where it is in the query.")
    box = box_field("box, relation, size: where it is in this photo.")
    overlap = fields.Float(metadata={"description": "box: intersection over union, 0..1."})
    method = fields.String(metadata={"description": "signal: which similarity."})
    share = fields.Float(
        metadata={"description": "signal: its share of the score. size: of the picture's area. 0..1."}
    )
    example = fields.String(metadata={"description": "example: the photo's name, or the words."})
    score = fields.Float(metadata={"description": "example: how well the photo fits it, -1..1."})
    count = fields.Integer(metadata={"description": "count: how many there are."})
    wanted = fields.String(metadata={"description": "count: what was asked for, as `>=2`."})
    boxes = fields.List(box_field("Where:"), metadata={"description": "count: where each of them is."})
    relation = fields.String(metadata={"description": "relation: how `label` stands to `other`."})
    other = fields.String(metadata={"description": "relation: the second thing."})
    other_box = box_field("relation: where the second thing is.")
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

    limit = limit_field(60)
