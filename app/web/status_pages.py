"""The status page, and what can be asked for there."""

from datetime import UTC, datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.domain import PhotoState
from app.errors import BadInput, ModelNotFound, ModelServerUnavailable
from app.services.photo_ids import parse_photo_id
from app.services.process_memory import resident_bytes
from app.services.upkeep_tasks import Task, TaskKind
from app.web.current import current_gallery
from app.web.page_parts import banner, refused
from app.web.status_views import ChangeView, FailedPhoto, ModelView, PartView, StatusView, UpkeepView
from app.web.texts import translated

blueprint = Blueprint("status", __name__)

FAILED_SHOWN = 30


@blueprint.get("/status")
def show() -> ResponseReturnValue:
    """Show how each part of the gallery is."""
    return render_template("status.html", view=_view())


@blueprint.post("/status/<any(verify, compact, backup):kind>")
def look_after(kind: str) -> ResponseReturnValue:
    """Begin a piece of upkeep and go back to the page."""
    try:
        _begin(TaskKind(kind))
    except BadInput as error:
        return render_template("status.html", view=_view(translated(error.message))), refused(error)
    return redirect(url_for("status.show"), 303)


@blueprint.post("/status/models/<any(activate, pause, resume, rollback):action>")
def change_models(action: str) -> ResponseReturnValue:
    """Begin, pause, go on with or undo a change of models, and go back to the page."""
    models = current_gallery().models
    try:
        if action == "activate":
            models.activate(request.form.get("name", ""))
        else:
            {"pause": models.pause, "resume": models.resume, "rollback": models.rollback}[action]()
    except (BadInput, ModelNotFound, ModelServerUnavailable) as error:
        return render_template("status.html", view=_view(translated(error.message))), refused(error)
    return redirect(url_for("status.show"), 303)


@blueprint.post("/status/retry")
def retry() -> ResponseReturnValue:
    """Try one failed photo again, or all of them, and go back to the page."""
    photo_id = request.form.get("id")
    library = current_gallery().library
    if photo_id:
        library.retry(parse_photo_id(photo_id))
    else:
        library.retry_failed()
    return redirect(url_for("status.show"), 303)


def _begin(kind: TaskKind) -> Task:
    tasks = current_gallery().upkeep_tasks
    if kind is TaskKind.BACKUP:
        name = current_gallery().status.store_info().path.stem
        return tasks.backup(f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}.h5")
    return tasks.verify() if kind is TaskKind.VERIFY else tasks.compact()


def _view(problem: str | None = None) -> StatusView:
    gallery = current_gallery()
    photos = gallery.status.store_info().photos
    failed = gallery.library.page(FAILED_SHOWN, state=PhotoState.FAILED)
    tasks = gallery.upkeep_tasks.all()
    reports, change = gallery.models.reports(gallery.status.model_server), gallery.models.change()
    return StatusView(
        parts={part.name: PartView(part) for part in gallery.status.parts()},
        ready=gallery.status.ready(),
        models=tuple(ModelView(report, photos, change) for report in reports),
        change=ChangeView(change),
        failed=tuple(FailedPhoto(photo) for photo in failed.photos),
        failed_count=failed.total,
        upkeep=tuple(
            UpkeepView(kind, next((task for task in tasks if task.kind is kind), None)) for kind in TaskKind
        ),
        memory_bytes=resident_bytes(),
        uncompared=gallery.neighbours.waiting,
        problem=problem,
        banner=banner(),
    )
