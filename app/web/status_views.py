"""What the status page shows, in plain words."""

from dataclasses import dataclass

from app.domain import Part, PartState, Photo
from app.services.model_set import name_of
from app.services.models import ChangeReport, ModelReport
from app.services.upkeep import Backup, Compaction, Verification
from app.services.upkeep_tasks import Task, TaskKind, TaskState
from app.web import wording
from app.web.texts import current_texts, t, translated
from app.web.tiles import Tile
from app.web.views import View


@dataclass(frozen=True)
class PartView:
    """One part of the gallery."""

    part: Part

    @property
    def name(self) -> str:
        """Its name: `model_server` reads `Model server`."""
        return current_texts().find(f"status.parts.{self.part.name}", wording.title_text(self.part.name))

    @property
    def message(self) -> str:
        """What it says of itself."""
        return translated(self.part.message)

    @property
    def state_text(self) -> str:
        """How it is, in a word."""
        return t(f"status.states.{self.part.state}")

    @property
    def facts(self) -> dict[str, str]:
        """What it tells about itself, name to value."""
        return dict(wording.fact_text(name, value) for name, value in self.part.facts.items())


@dataclass(frozen=True)
class FailedPhoto:
    """A photo that failed, and why."""

    photo: Photo

    @property
    def tile(self) -> Tile:
        """Its thumbnails."""
        return Tile(self.photo)

    @property
    def reason(self) -> str:
        """Why it failed."""
        return translated(self.photo.error or "")


@dataclass(frozen=True)
class ModelView:
    """One model of the catalogue, and how many of the photos it has looked at."""

    report: ModelReport
    photos: int
    change: ChangeReport

    @property
    def may_be_chosen(self) -> bool:
        """Whether it is there to be changed to, and isn't in use or to come already."""
        heading_for = name_of(self.report.card) in self.change.target
        return self.report.state is PartState.READY and not self.report.active and not heading_for

    @property
    def used_for(self) -> str:
        """What it is in use for, in words; empty if it isn't."""
        return ", ".join(t(f"status.roles.{role}") for role in self.report.roles_in_use)

    @property
    def coverage(self) -> str:
        """The share that it has looked at, in words."""
        return t("status.covered", covered=self.report.covered, count=self.photos)

    @property
    def is_used(self) -> bool:
        """Whether there is a share worth showing."""
        return self.report.active or self.report.covered > 0


@dataclass(frozen=True)
class ChangeView:
    """The change to other models."""

    change: ChangeReport

    @property
    def text(self) -> str:
        """How far it is; empty if there is none."""
        if not self.change.under_way:
            return ""
        names = ", ".join(self.change.target)
        key = "paused" if self.change.paused else "changing"
        return t(f"status.{key}", models=names, done=self.change.done, count=self.change.photos)

    @property
    def refused_text(self) -> str:
        """How many photos the models to come can't look at; empty if there are none."""
        return t("status.refused", count=self.change.refused) if self.change.refused else ""

    @property
    def overlap_text(self) -> str:
        """How much of what searches find stayed at the last change; empty if there was none."""
        overlap = self.change.overlap
        if overlap is None or not overlap.photos:
            return ""
        percent = current_texts().percent
        return t("status.overlap", similar=percent(overlap.similar), words=percent(overlap.words))

    @property
    def actions(self) -> tuple[str, ...]:
        """What may be asked for."""
        if self.change.under_way:
            return ("resume" if self.change.paused else "pause", "rollback")
        return ("rollback",) if self.change.previous else ()

    def action_text(self, action: str) -> str:
        """Return what the button says."""
        if action == "rollback":
            return t("status.call_off") if self.change.under_way else self._back_text
        return t(f"status.{action}")

    @property
    def _back_text(self) -> str:
        return t("status.rollback", models=", ".join(self.change.previous))


@dataclass(frozen=True)
class UpkeepView:
    """One kind of upkeep: its button, and how its last piece is doing."""

    kind: TaskKind
    task: Task | None

    @property
    def name(self) -> str:
        """What the button says."""
        return t(f"status.upkeep.{self.kind}")

    @property
    def hint(self) -> str:
        """What it does."""
        return t(f"status.upkeep_hints.{self.kind}")

    @property
    def is_under_way(self) -> bool:
        """Whether it waits or is being done."""
        return self.task is not None and self.task.state in (TaskState.WAITING, TaskState.RUNNING)

    @property
    def share(self) -> float:
        """How much of it is done, 0..1."""
        return self.task.done / self.task.of if self.task and self.task.of else 0.0

    @property
    def is_bad(self) -> bool:
        """Whether it failed, or found damage."""
        if self.task is None:
            return False
        damaged = isinstance(self.task.result, Verification) and not self.task.result.whole
        return damaged or self.task.state is TaskState.FAILED

    @property
    def text(self) -> str:
        """How it is doing or what came of it; empty if it wasn't asked for since the gallery was started."""
        if self.task is None:
            return ""
        if self.task.error is not None:
            return translated(self.task.error.message)
        match self.task.result:
            case Verification() as found:
                return _verified(found)
            case Compaction(freed_bytes):
                return t("status.compacted", size=wording.size_text(freed_bytes))
            case Backup(file, size_bytes):
                return t("status.backed_up", file=file.name, size=wording.size_text(size_bytes))
            case None:
                key = "waits" if self.task.state is TaskState.WAITING else "runs"
                return t(f"status.{key}", share=current_texts().percent(self.share))


@dataclass(frozen=True)
class StatusView(View):
    """How each part of the gallery is, and what can be done about it."""

    parts: dict[str, PartView]
    """By their names."""
    ready: bool
    models: tuple[ModelView, ...]
    change: ChangeView
    failed: tuple[FailedPhoto, ...]
    """The newest of those that failed."""
    failed_count: int
    upkeep: tuple[UpkeepView, ...]
    memory_bytes: int
    uncompared: int
    """Photos whose neighbours aren't found yet."""
    problem: str | None = None
    """Why what was asked for can't be done."""

    @property
    def file(self) -> PartView:
        """The gallery file."""
        return self.parts["gallery_file"]

    @property
    def counts(self) -> dict[str, tuple[str, int]]:
        """How many photos are in each state, by the state's name, with its title."""
        facts = self.file.part.facts
        states = ("ready", "stored", "processing", "failed")
        return {state: (t(f"status.facts.{state}"), int(facts[state])) for state in states}

    @property
    def file_facts(self) -> dict[str, str]:
        """What is told of the file itself."""
        facts = self.file.part.facts
        return dict(wording.fact_text(name, facts[name]) for name in ("size_bytes", "photos", "format_version"))

    @property
    def work_text(self) -> str:
        """How many photos wait; empty if none does."""
        waiting = int(self.parts["ingest"].part.facts["pending_jobs"])
        return t("status.pending", count=waiting) if waiting else ""

    @property
    def work_problem(self) -> str | None:
        """Why the work stands still."""
        ingest = self.parts["ingest"].part
        return translated(ingest.message) if ingest.state is PartState.DOWN else None

    @property
    def memory_text(self) -> str:
        """How much memory the web process takes."""
        return wording.size_text(self.memory_bytes)

    @property
    def neighbours_text(self) -> str:
        """Whether each photo's nearest photos are known."""
        return t("status.uncompared", count=self.uncompared) if self.uncompared else t("status.compared")

    @property
    def is_busy(self) -> bool:
        """Whether upkeep or a change of models is under way, so that the page should look again soon."""
        changing = self.change.change.under_way and not self.change.change.paused
        return changing or any(one.is_under_way for one in self.upkeep)


def _verified(found: Verification) -> str:
    size = wording.size_text(found.checked_bytes)
    if found.whole:
        return t("status.verified_whole", count=found.photos, size=size)
    return t("status.verified_damaged", count=len(found.damages), mended=found.mended, queued=found.queued)
