"""The models that work together: which of them detects, which tags, which embeds, and what they say as one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Self

import numpy as np

from app.domain import Features
from app.store.base import FeatureTable, features_name
from model_server.catalogue import ModelCard


def name_of(card: ModelCard) -> str:
    """Return the name under which a model's features are kept."""
    return features_name(card.name, card.version)


@dataclass(frozen=True)
class ModelSet:
    """One model for each role; often the same. `label_scores` are the detector's, or else those of its labels."""

    detector: ModelCard
    tagger: ModelCard
    embedder: ModelCard

    @cached_property
    def by_role(self) -> dict[str, ModelCard]:
        """The model of each role."""
        return {role.name: getattr(self, role.name) for role in fields(self)}

    @cached_property
    def cards(self) -> dict[str, ModelCard]:
        """The models, each once, by the names under which their features are kept."""
        return {name_of(card): card for card in self.by_role.values()}

    @cached_property
    def card(self) -> ModelCard:
        """What the models are together: one that has all roles."""
        return replace(
            self.detector,
            name="+".join(self.cards),
            roles=frozenset(self.by_role),
            tag_classes=self.tagger.tag_classes,
            embedding_width=self.embedder.embedding_width,
        )

    def with_model(self, card: ModelCard) -> Self:
        """Return the set in which a model takes over the roles that it has."""
        return replace(self, **{role: card for role in self.by_role if role in card.roles})

    def replaced(self, card_of: Callable[[str, ModelCard], ModelCard]) -> Self:
        """Return the set with what `card_of`, given the role and the model that has it, returns for each role."""
        return replace(self, **{role: card_of(role, card) for role, card in self.by_role.items()})

    def roles_of(self, card: ModelCard) -> tuple[str, ...]:
        """Return the roles that a model has in this set."""
        return tuple(role for role, own in self.by_role.items() if name_of(own) == name_of(card))

    def compose(self, said: Mapping[str, Features]) -> Features | None:
        """Return what the models say of a photo together, or None if one of them hasn't said anything."""
        if not said.keys() >= self.cards.keys():
            return None
        detected, tagged = said[name_of(self.detector)], said[name_of(self.tagger)]
        scorer = self._scorer
        return Features(
            detections=detected.detections,
            word_vector=detected.word_vector,
            embedding=said[name_of(self.embedder)].embedding,
            tag_ids=tagged.tag_ids,
            tag_probabilities=tagged.tag_probabilities,
            label_scores=self._no_scores() if scorer is None else said[scorer].label_scores,
        )

    def compose_tables(self, said: Mapping[str, FeatureTable]) -> FeatureTable:
        """Return what the models say of the photos of which all of them say something; one table for each model."""
        common = said[name_of(self.detector)].rows
        for table in said.values():
            common = np.intersect1d(common, table.rows, assume_unique=True)
        chosen = {name: _picked(table, common) for name, table in said.items()}
        detected, tagged = chosen[name_of(self.detector)], chosen[name_of(self.tagger)]
        scorer = self._scorer
        return FeatureTable(
            rows=common,
            detections=detected.detections,
            word_vectors=detected.word_vectors,
            embeddings=chosen[name_of(self.embedder)].embeddings,
            tag_ids=tagged.tag_ids,
            tag_probabilities=tagged.tag_probabilities,
            label_scores=self._no_scores(len(common)) if scorer is None else chosen[scorer].label_scores,
        )

    @cached_property
    def _scorer(self) -> str | None:
        """Whose label scores go with the detector's labels: its own, or those of one that has the same labels."""
        for name, card in self.cards.items():
            if "label_scores" in card.outputs and card.labels == self.detector.labels:
                return name
        return None

    def _no_scores(self, *count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.zeros((*count, len(self.detector.labels)), np.float32)


def _picked(table: FeatureTable, rows: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> FeatureTable:
    """Return some rows of a table, ascending and all of them in it; the table itself if that is all."""
    if len(rows) == len(table.rows):
        return table
    places = np.searchsorted(table.rows, rows)
    return FeatureTable(**{name: column[places] for name, column in vars(table).items()})
