"""Build the Brian2 network of a design (designs.py), for Brian2's active device."""

from __future__ import annotations

from .designs import EncoderDesign, LearnerDesign, SelfBuilding
from .encoder import build_encoder
from .learner import build_learner
from .model import Model


def build(design: EncoderDesign | LearnerDesign | SelfBuilding) -> Model:
    """Build the network of a design; see `build_encoder` and `build_learner`."""
    match design:
        case EncoderDesign():
            return build_encoder(design)
        case LearnerDesign():
            return build_learner(design)
        case _:
            return design.build()
