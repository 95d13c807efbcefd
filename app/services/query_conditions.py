"""Which photos meet a query's conditions, and the proof for one of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain import CountReason, FactReason, Features, Photo, Reason, Relation, RelationReason, SizeReason
from app.search.conditions import ObjectSnapshot, ObjectTable
from app.search.conditions_reference import ClassIds, SeenObject, placed, seen, sized
from app.search.facts import FactSnapshot, FactTable
from app.text.detectable import DetectorWords
from app.text.query_tree import (
    ColourCondition,
    Condition,
    CountCondition,
    DateCondition,
    FactCondition,
    ObjectCondition,
    PlaceCondition,
    ShapeCondition,
    Sign,
    SizeCondition,
    Term,
    When,
    terms_of,
)

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class _Tables:
    """What all conditions of one query are judged by; photos that come meanwhile change nothing."""

    objects: ObjectSnapshot
    facts: FactSnapshot


class QueryConditions:
    """Judges photos by conditions on their objects and on themselves.

    A photo that wasn't looked at yet meets no condition on objects, not even that there be none of a kind.
    """

    def __init__(self, labels: Sequence[str], words: DetectorWords, objects: ObjectTable, facts: FactTable) -> None:
        self._labels = labels
        self._words = words
        self._objects = objects
        self._facts = facts

    def check(self, conditions: Sequence[Condition]) -> None:
        """Raise UnknownWordsError for a word that means nothing that the detector can see."""
        for condition in conditions:
            for term in terms_of(condition):
                self._words.class_ids(term)

    def mask(self, conditions: Sequence[Condition]) -> Flags:
        """Tell of each row whether its photo meets all conditions, bool (n_rows,); later rows meet none.

        Raises UnknownWordsError for a word that means nothing that the detector can see.
        """
        tables = _Tables(self._objects.snapshot(), self._facts.snapshot())
        result = np.ones(max(len(tables.objects.held), len(tables.facts.held)), dtype=bool)
        for condition in conditions:
            met = self._met(condition, tables)
            result[: len(met)] &= met
            result[len(met) :] = False
        return result

    def reasons(self, conditions: Sequence[Condition], photo: Photo, features: Features | None) -> tuple[Reason, ...]:
        """Return the proofs that a photo meets conditions; those that something not be there need none.

        features: the photo's own, None if it has none.
        """
        found: list[Reason] = []
        for condition in conditions:
            if condition.excluded:
                continue
            if isinstance(condition, ShapeCondition | DateCondition | ColourCondition):
                found.append(FactReason(_fact(condition, photo)))
            elif features is not None:
                found += self._proof(condition, features)
        return tuple(found)

    def _met(self, condition: Condition, tables: _Tables) -> Flags:
        if isinstance(condition, ShapeCondition | DateCondition | ColourCondition):
            known, met = tables.facts.held, _facts_met(condition, tables.facts)
        else:
            known, met = tables.objects.held, self._objects_met(condition, tables.objects)
        return known & (met ^ condition.excluded)

    def _objects_met(self, condition: ObjectCondition, objects: ObjectSnapshot) -> Flags:
        match condition:
            case CountCondition(term=term, sign=sign, number=number):
                return compared(objects.counts(self._classes(term)), sign, number)
            case PlaceCondition(subject=subject):
                return objects.placed(self._classes(subject), self._wanted(condition))
            case SizeCondition(size=size, term=term):
                return objects.sized(self._classes(term), size)

    def _proof(self, condition: ObjectCondition, features: Features) -> list[Reason]:
        match condition:
            case CountCondition(term=term, sign=sign, number=number):
                things = seen(features.detections, self._classes(term))
                boxes = tuple(thing.box for thing in things)
                return [CountReason(term.text, len(things), f"{sign}{number}", boxes)]
            case SizeCondition(size=size, term=term):
                thing = sized(features.detections, self._classes(term), size)
                return [] if thing is None else [SizeReason(self._label(thing), size, thing.share, thing.box)]
            case PlaceCondition():
                return self._places(condition, features)

    def _places(self, condition: PlaceCondition, features: Features) -> list[Reason]:
        found = placed(features.detections, self._classes(condition.subject), self._wanted(condition))
        if found is None:
            return []
        thing, others = found
        return [
            RelationReason(self._label(thing), link.relation, self._label(other), thing.box, other.box)
            for link, other in zip(condition.links, others, strict=True)
        ]

    def _classes(self, term: Term) -> ClassIds:
        return self._words.class_ids(term)

    def _wanted(self, condition: PlaceCondition) -> list[tuple[Relation, ClassIds]]:
        return [(link.relation, self._classes(link.other)) for link in condition.links]

    def _label(self, thing: SeenObject) -> str:
        return self._labels[thing.class_id - 1]


def compared(counts: NDArray[np.int64], sign: Sign, number: int) -> Flags:
    """Tell of each count how it compares with a number, bool (n,)."""
    compare = {
        Sign.AT_LEAST: np.greater_equal,
        Sign.AT_MOST: np.less_equal,
        Sign.MORE: np.greater,
        Sign.FEWER: np.less,
        Sign.EQUAL: np.equal,
    }[sign]
    return np.asarray(compare(counts, number), dtype=bool)


def _facts_met(condition: FactCondition, facts: FactSnapshot) -> Flags:
    match condition:
        case ShapeCondition(orientation=orientation):
            return facts.shaped(orientation)
        case ColourCondition(colour=colour):
            return facts.coloured(colour)
        case DateCondition(when=When.ON, first=first, last=last):
            return facts.taken(first, last)
        case DateCondition(when=When.AFTER, first=first):
            return facts.taken(first, None)
        case DateCondition(first=first):
            return ~facts.taken(first, None)


def _fact(condition: FactCondition, photo: Photo) -> str:
    """Say how the photo itself meets a condition."""
    facts = photo.facts
    match condition:
        case ShapeCondition(orientation=orientation):
            return f"{orientation}, {facts.width} x {facts.height} pixels"
        case ColourCondition(colour=colour):
            return f"mostly {colour}, {facts.dominant_colour}"
        case DateCondition():
            moment = facts.taken_at or photo.added_at
            return f"{'taken' if facts.taken_at else 'added'} on {moment.day} {moment:%B %Y}"
