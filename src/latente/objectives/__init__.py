"""Objectives: what is minimised, and who steps when."""

from __future__ import annotations

from latente.objectives.adversarial import AdversarialObjective
from latente.objectives.autoencoding import AutoencoderObjective, ReconstructionObjective
from latente.objectives.classification import ClassificationObjective
from latente.objectives.conditioned import CONDITIONED, ConditionedObjective
from latente.objectives.detection import DetectionObjective
from latente.objectives.flow import FlowObjective
from latente.objectives.objective import Batch, Objective, Player
from latente.objectives.players import Players, players_of
from latente.objectives.restoration import RestorationObjective
from latente.objectives.style import StyleObjective
from latente.objectives.stylising import StylisingObjective
from latente.objectives.transforms import TransformsObjective, logits_for
from latente.objectives.translation import TranslationObjective
from latente.objectives.variational import VariationalObjective, check_bound, reparametrised

__all__ = [
    "CONDITIONED",
    "AdversarialObjective",
    "AutoencoderObjective",
    "Batch",
    "ClassificationObjective",
    "ConditionedObjective",
    "DetectionObjective",
    "FlowObjective",
    "Objective",
    "Player",
    "Players",
    "ReconstructionObjective",
    "RestorationObjective",
    "StyleObjective",
    "StylisingObjective",
    "TransformsObjective",
    "TranslationObjective",
    "VariationalObjective",
    "check_bound",
    "logits_for",
    "players_of",
    "reparametrised",
]
