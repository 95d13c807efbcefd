"""How the parts of the running gallery are."""

from dataclasses import dataclass, field
from enum import StrEnum


class PartState(StrEnum):
    """How a part of the gallery is."""

    READY = "ready"
    STARTING = "starting"
    DOWN = "down"


@dataclass(frozen=True)
class Part:
    """One part of the running gallery, for the status page and `/readyz`."""

    name: str
    state: PartState
    message: str
    """One plain sentence."""
    facts: dict[str, str | int | float] = field(default_factory=dict)
