"""From the domain's data to the API's JSON."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import cast

from app.domain import (
    Box,
    BoxReason,
    CountReason,
    EmbeddingReason,
    ExampleReason,
    FactReason,
    Hit,
    LabelReason,
    ObjectsReason,
    Photo,
    PhotoDetails,
    PhotoPage,
    Reason,
    RelationReason,
    SearchResults,
    SignalReason,
    SizeReason,
    UploadResult,
)
from app.errors import GalleryError
from app.services.saved_searches import SavedSearch
from app.services.search_json import search_to_json
from app.services.timeline import DatedPhoto
from app.services.transfer import Restored
from app.services.upkeep import Backup, Compaction, Verification
from app.services.upkeep_tasks import Task
from app.store.verify import Damage

Json = dict[str, object]

KIND_OF_REASON: Mapping[type, str] = {
    LabelReason: "label",
    EmbeddingReason: "embedding",
    ObjectsReason: "objects",
    BoxReason: "box",
    SignalReason: "signal",
    ExampleReason: "example",
    CountReason: "count",
    RelationReason: "relation",
    SizeReason: "size",
    FactReason: "fact",
}


def error_json(error: GalleryError) -> Json:
    """Return an error as the API shows it, without the envelope."""
    return {"code": error.code, "message": error.message, "detail": error.detail}


def photo_json(photo: Photo) -> Json:
    """Return a photo as lists show it."""
    facts = photo.facts
    return {
        "id": photo.id,
        "name": photo.name,
        "media_type": facts.media_type,
        "size_bytes": photo.size_bytes,
        "width": facts.width,
        "height": facts.height,
        "dominant_colour": facts.dominant_colour,
        "taken_at": facts.taken_at.isoformat() if facts.taken_at else None,
        "added_at": photo.added_at.isoformat(),
        "state": photo.state,
        "error": photo.error,
    }


def timeline_photo_json(dated: DatedPhoto) -> Json:
    """Return what the gallery page shows of a photo."""
    photo = dated.photo
    return {
        "id": photo.id,
        "name": photo.name,
        "day": dated.day,
        "width": photo.facts.width,
        "height": photo.facts.height,
        "dominant_colour": photo.facts.dominant_colour,
        "state": photo.state,
    }


def details_json(details: PhotoDetails) -> Json:
    """Return a photo with all that is known of it."""
    return photo_json(details.photo) | {
        "exif": details.photo.facts.exif,
        "objects": [asdict(thing) | {"box": thing.box.as_list()} for thing in details.objects],
        "tags": [asdict(tag) for tag in details.tags],
        "models": list(details.models),
    }


def page_json(page: PhotoPage) -> Json:
    """Return a stretch of the list."""
    items = [photo_json(photo) for photo in page.photos]
    return {"items": items, "next_cursor": page.next_cursor, "total": page.total}


def upload_json(result: UploadResult) -> Json:
    """Return what became of one file."""
    if result.error is not None:
        return {"filename": result.filename, "error": error_json(result.error)}
    photo = cast(Photo, result.photo)
    return {"filename": result.filename, "id": photo.id, "state": photo.state, "duplicate": result.duplicate}


def restored_json(restored: Restored) -> Json:
    """Return what became of one file, and what of the known wasn't taken over."""
    return upload_json(restored.result) | {"notes": list(restored.notes)}


def results_json(results: SearchResults) -> Json:
    """Return what a search found."""
    return {
        "items": [hit_json(hit) for hit in results.hits],
        "next_cursor": None,
        "total": results.searched,
        "elapsed_ms": round(results.elapsed_ms, 3),
        "notices": list(results.notices),
    }


def saved_json(saved: SavedSearch) -> Json:
    """Return a saved search."""
    return {
        "id": saved.id,
        "name": saved.name,
        "created_at": saved.created_at.isoformat(),
        "search": search_to_json(saved.search),
    }


def hit_json(hit: Hit) -> Json:
    """Return one photo that was found."""
    return {
        "id": hit.photo.id,
        "name": hit.photo.name,
        "score": hit.score,
        "weak": hit.weak,
        "why": [reason_json(reason) for reason in hit.why],
    }


def reason_json(reason: Reason) -> Json:
    """Return one reason; boxes as lists of four numbers."""
    shape: Json = {"kind": KIND_OF_REASON[type(reason)]}
    for name, value in vars(reason).items():
        if isinstance(value, Box):
            shape[name] = value.as_list()
        elif isinstance(value, tuple):
            shape[name] = [box.as_list() for box in value]
        else:
            shape[name] = value
    return shape


def task_json(task: Task) -> Json:
    """Return a piece of upkeep: its `result` or its `error` once it has ended."""
    shape: Json = {"id": task.id, "kind": task.kind, "state": task.state, "done": task.done, "of": task.of}
    if task.file is not None:
        shape["file"] = task.file
    if task.result is not None:
        shape["result"] = upkeep_json(task.result)
    if task.error is not None:
        shape["error"] = error_json(task.error)
    return shape


def upkeep_json(result: Verification | Compaction | Backup) -> Json:
    """Return what came of a piece of upkeep; of a backup its name only, not where this machine keeps it."""
    if isinstance(result, Compaction):
        return {"freed_bytes": result.freed_bytes}
    if isinstance(result, Backup):
        return {"file": result.file.name, "size_bytes": result.size_bytes}
    return {
        "whole": result.whole,
        "photos": result.photos,
        "checked_bytes": result.checked_bytes,
        "queued": result.queued,
        "mended": result.mended,
        "damages": [damage_json(damage) for damage in result.damages],
    }


def damage_json(damage: Damage) -> Json:
    """Return one damaged part of one photo."""
    return {
        "id": damage.photo_id,
        "name": damage.name,
        "part": damage.part,
        "model": damage.model,
        "recomputable": damage.recomputable,
    }
