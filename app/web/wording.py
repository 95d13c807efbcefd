"""How pages say things: reasons, states, sizes and dates in plain words."""

from datetime import datetime

from app.domain import (
    BoxReason,
    EmbeddingReason,
    ExampleReason,
    KeywordMode,
    LabelReason,
    ObjectsReason,
    PartState,
    PhotoState,
    Reason,
    SimilarityMethod,
)

LABEL_SOURCES = {"picture": "whole picture", "objects": "an object in it", "tags": "a tag"}

METHODS = {
    SimilarityMethod.EMBEDDING: "Looks alike",
    SimilarityMethod.SSD: "Same kinds of things",
    SimilarityMethod.LAYOUT: "Things in the same places",
    SimilarityMethod.HYBRID: "All of it together",
}

MODES = {
    KeywordMode.LATE: "each label of a photo",
    KeywordMode.CLASSIC: "the average of its objects",
}

STATES = {
    PhotoState.STORED: "Waiting",
    PhotoState.PROCESSING: "Searching for objects",
    PhotoState.READY: "Searchable",
    PhotoState.FAILED: "Failed",
}

PART_STATES = {
    PartState.READY: "Works",
    PartState.STARTING: "Starting",
    PartState.DOWN: "Away",
}

ERROR_HEADINGS = {
    400: "That can't be used",
    403: "Not allowed",
    404: "There is nothing here",
    409: "Not yet",
    413: "That is too large",
    415: "Not a picture that the gallery reads",
    500: "Something went wrong",
    503: "A part of the gallery is away",
    507: "The disk is full",
}

ADVICE = {
    400: "Go back, correct it and try again.",
    403: "Open the gallery itself and do it from there.",
    404: "It may have been deleted, or the address has a mistake in it.",
    409: "Wait a moment and try again.",
    413: "Make the file smaller, or raise GALLERY_MAX_UPLOAD_BYTES where the gallery is started.",
    415: "The gallery reads JPEG, PNG, WebP, GIF, BMP, TIFF and HEIC.",
    503: "Nothing is lost. Try again in a moment; the status page says what is away.",
    507: "Free some room on the disk. What is stored stays readable.",
}
ADVICE_FOR_OTHERS = "Try again. If it happens once more, the status page and the log say what is wrong."


def reason_text(reason: Reason) -> str:
    """Say in plain words why a photo was found."""
    if isinstance(reason, LabelReason):
        source = LABEL_SOURCES.get(reason.source, reason.source)
        return f"{reason.word} ↔ {reason.label}, {source} {reason.weight:.2f}"
    if isinstance(reason, EmbeddingReason):
        return f"looks alike as a whole {reason.cosine:.2f}"
    if isinstance(reason, ObjectsReason):
        pairs = "one pair" if reason.pairs == 1 else f"{reason.pairs} pairs"
        return f"{reason.label} in both, {pairs} {reason.mean:.2f}"
    if isinstance(reason, BoxReason):
        return f"{reason.label} in the same place {reason.overlap:.2f}"
    if isinstance(reason, ExampleReason):
        return f"{'unlike' if reason.weight < 0 else 'like'} {reason.example} {reason.score:.2f}"
    title = METHODS[SimilarityMethod(reason.method)].lower() if reason.method in METHODS else reason.method
    return f"{title} gives {percent(reason.share)}"


def percent(share: float) -> str:
    """Write 0.874 as `87 %`, with a no-break space."""
    return f"{share * 100:.0f}\N{NO-BREAK SPACE}%"


def cut(text: str, longest: int) -> str:
    """Shorten a text that has more than `longest` characters."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def title_text(name: str) -> str:
    """Write `pending_jobs` as `Pending jobs`."""
    return name.replace("_", " ").capitalize()


def fact_text(name: str, value: str | int | float) -> tuple[str, str]:
    """Write a fact's name and value for people; a name that ends in `_bytes` has a size."""
    if name.endswith("_bytes"):
        return title_text(name.removesuffix("_bytes")), size_text(int(value))
    return title_text(name), f"{value:,}" if isinstance(value, int) else str(value)


def size_text(size_bytes: int) -> str:
    """Write a number of bytes for people: `812 kB`, `3.4 MB`."""
    if size_bytes < 1000:
        return f"{size_bytes} bytes"
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1000:.0f} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"


def date_text(moment: datetime) -> str:
    """Write a moment as `3 May 2024, 14:05`."""
    return f"{moment.day} {moment:%B %Y, %H:%M}"


def count_text(number: int, one: str, many: str) -> str:
    """Write `1 photo` or `1,204 photos`."""
    return f"{number:,} {one if number == 1 else many}"
