"""The JSON of models, which the API and the commands share."""

from collections.abc import Mapping
from dataclasses import asdict

from app.services.models import ChangeReport, Dropped, ModelReport
from app.web.json_shapes import Json


def models_json(reports: list[ModelReport], change: ChangeReport, kept: Mapping[str, int]) -> Json:
    """Return all models, how far the change between them is, and of whom features are kept."""
    items = [model_json(report) for report in reports]
    return {
        "items": items,
        "next_cursor": None,
        "total": len(items),
        "change": change_json(change),
        "kept": [dropped_json(Dropped(name, photos)) for name, photos in kept.items()],
    }


def dropped_json(dropped: Dropped) -> Json:
    """Return a model with its version, and of how many photos its features are, or were until now."""
    return asdict(dropped)


def model_json(report: ModelReport) -> Json:
    """Return one model."""
    card = report.card
    return {
        "name": card.name,
        "version": card.version,
        "title": card.title,
        "roles": sorted(card.roles),
        "licence": card.licence,
        "active": report.active,
        "roles_in_use": list(report.roles_in_use),
        "state": report.state,
        "covered": report.covered,
    }


def change_json(change: ChangeReport) -> Json:
    """Return how far the change is, and what came of the last one."""
    return {
        "under_way": change.under_way,
        "paused": change.paused,
        "active": list(change.active),
        "target": list(change.target),
        "previous": list(change.previous),
        "photos": change.photos,
        "done": change.done,
        "refused": change.refused,
        "problem": change.problem,
        "overlap": None if change.overlap is None else asdict(change.overlap),
    }
