"""Build the Brian2 network of a design (designs.py), for Brian2's active device."""

from __future__ import annotations

from .continuous import build_continuous
from .designs import ContinuousDesign, EncoderDesign, LearnerDesign, SelfBuilding
from .encoder import build_encoder
from .learner import build_learner
from .model import Model


def build(design: EncoderDesign | ContinuousDesign | LearnerDesign | SelfBuilding) -> Model:
    """Build the network of a design; see `build_encoder`, `build_continuous` and `build_learner`."""
    match design:
        case EncoderDesign():
            return build_encoder(design)
        case ContinuousDesign():
            return build_continuous(design)
        case LearnerDesign():
            return build_learner(design)
        case _:
            return design.build()
