"""How pages say things in the request's language: reasons, sizes, facts."""

from app.domain import (
    BoxReason,
    CountReason,
    EmbeddingReason,
    ExampleReason,
    FactReason,
    LabelReason,
    ObjectsReason,
    PartState,
    Reason,
    RelationReason,
    SignalReason,
    SizeReason,
)
from app.services.status import Status
from app.web.texts import current_texts, t, translated

MODEL_SERVER, INGEST = "model_server", "ingest"
"""The parts that a banner tells of."""


def reason_text(reason: Reason) -> str:
    """Say in plain words why a photo was found."""
    texts = current_texts()
    match reason:
        case LabelReason():
            source = texts.find(f"sources.{reason.source}", reason.source)
            key = "reasons.label_itself" if reason.word == reason.label else "reasons.label"
            score = texts.decimal(reason.weight)
            return t(key, word=reason.word, label=reason.label, source=source, score=score)
        case EmbeddingReason():
            return t("reasons.embedding", score=texts.decimal(reason.cosine))
        case ObjectsReason():
            return t("reasons.objects", label=reason.label, count=reason.pairs, score=texts.decimal(reason.mean))
        case BoxReason():
            return t("reasons.box", label=reason.label, score=texts.decimal(reason.overlap))
        case ExampleReason():
            key = "reasons.unlike" if reason.weight < 0 else "reasons.like"
            return t(key, example=reason.example, score=texts.decimal(reason.score))
        case SignalReason():
            signal = texts.find(f"signals.{reason.method}", str(reason.method))
            return t("reasons.signal", signal=signal, share=texts.percent(reason.share))
        case _:
            return condition_text(reason)


def condition_text(reason: CountReason | RelationReason | SizeReason | FactReason) -> str:
    """Say which condition of the query a photo meets."""
    match reason:
        case CountReason():
            return t("reasons.count", count=reason.count, label=reason.label, wanted=reason.wanted)
        case RelationReason():
            relation = t(f"relations.{reason.relation}")
            return t("reasons.relation", label=reason.label, relation=relation, other=reason.other)
        case SizeReason():
            size, share = t(f"thing_sizes.{reason.size}"), current_texts().percent(reason.share)
            return t("reasons.size", label=reason.label, size=size, share=share)
        case FactReason():
            return translated(reason.text)


def banner_text(status: Status) -> str | None:
    """Say in one plain line that the model server is away and what that means, or return None."""
    parts = {part.name: part for part in status.parts()}
    state = parts[MODEL_SERVER].state
    if state is PartState.READY:
        return None
    waiting = int(parts[INGEST].facts["pending_jobs"])
    return t(f"js.banner.{state}", count=waiting) if waiting else t(f"js.banner.{state}_none")


def cut(text: str, longest: int) -> str:
    """Shorten a text that has more than `longest` characters."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def title_text(name: str) -> str:
    """Write `pending_jobs` as `Pending jobs`."""
    return name.replace("_", " ").capitalize()


def fact_text(name: str, value: str | int | float) -> tuple[str, str]:
    """Write a fact's name and value for people; a name that ends in `_bytes` has a size."""
    title = current_texts().find(f"status.facts.{name}", title_text(name.removesuffix("_bytes")))
    if name.endswith("_bytes"):
        return title, size_text(int(value))
    return title, current_texts().decimal(value, 0) if isinstance(value, int) else str(value)


def size_text(size_bytes: int) -> str:
    """Write a number of bytes for people: `812 kB`, `3.4 MB`."""
    if size_bytes < 1000:
        return t("sizes.bytes", count=size_bytes)
    if size_bytes < 1_000_000:
        return t("sizes.kilobytes", number=current_texts().decimal(size_bytes / 1000, 0))
    return t("sizes.megabytes", number=current_texts().decimal(size_bytes / 1_000_000, 1))
