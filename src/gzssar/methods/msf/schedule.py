"""Loss weights over training: constant, or the paper's cyclic annealing."""

from typing import NamedTuple

from gzssar.methods.msf.settings import MsfSettings


class LossWeights(NamedTuple):
    """What each term of the loss weighs in a step."""

    skeleton: float
    """Squared error of a skeleton feature."""
    text: float
    """Squared error of a text feature."""
    skeleton_kl: float
    text_kl: float
    cross: float
    """Cross-reconstruction, times the weight of the modality that is reconstructed."""


def weights_at(settings: MsfSettings, cycle: int, step: int, skeleton_width: int, text_width: int) -> LossWeights:
    """Weights of step `step` (from 0) in cycle `cycle` (from 0).

    The cyclic schedule is the paper's: within a cycle of n steps the skeleton's KL weight is
    max(0, 0.1·(step − 1000)/3000); cross-reconstruction is on after step e0; the text's KL weight is
    max(0, 0.1·(step − e0)/3000) from the third cycle on; e0 is 1400 in cycles of 1700 steps and 1500 otherwise
    (`settings.cross_from`).
    """
    if settings.reconstruction == "likelihood":
        skeleton, text = 0.5, 0.5 * settings.text_precision
    else:
        skeleton, text = 1 / skeleton_width, 1 / text_width
    if settings.schedule == "constant":
        return LossWeights(skeleton, text, skeleton_kl=1.0, text_kl=1.0, cross=1.0)
    return LossWeights(
        skeleton,
        text,
        skeleton_kl=max(0.0, 0.1 * (step - 1000) / 3000),
        text_kl=max(0.0, 0.1 * (step - settings.cross_from) / 3000) if cycle > 1 else 0.0,
        cross=1.0 if step > settings.cross_from else 0.0,
    )
