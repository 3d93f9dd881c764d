"""The synthetic motion world, the package's embedded default: made-up performers, 48 actions, drawn from a seed.

Bottom up: a puppet with 25 joints (``body``), an algebra of motions (``motions``), what body parts can do
(``primitives``), the actions and the class split (``catalogue``), and the clips (``world``).
"""

from gzssar.synthetic.catalogue import SYNTHETIC_SPLIT
from gzssar.synthetic.world import FPS, SyntheticClips, SyntheticWorld

__all__ = ["FPS", "SYNTHETIC_SPLIT", "SyntheticClips", "SyntheticWorld"]
