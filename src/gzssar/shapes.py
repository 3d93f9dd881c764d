"""Axis letters, and the array types built from them.

One letter, one meaning, everywhere in the package:

====== =========================================================
letter meaning
====== =========================================================
N      clips (samples)
C      coordinates of a joint (x, y, z) — never classes
T      frames — never temperature
V      joints
M      bodies
D      width of a skeleton feature
E      width of a text feature
Z      width of the latent space
K      all classes; S seen, U unseen; K = S + U
====== =========================================================

A batch of clips is ``N C T V M``. Signatures carry these letters (``Float[Tensor, "N Z"]``); the test suite checks
them with beartype, production code pays nothing. This module knows numpy only, so that importing it costs no torch.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

Clips = Float[np.ndarray, "N C T V M"]
"""Skeleton clips: metres."""

SkeletonFeatures = Float[np.ndarray, "N D"]
"""One feature vector per clip."""

TextFeatures = Float[np.ndarray, "K E"]
"""One feature vector per class."""

Logits = Float[np.ndarray, "N K"]
"""Unnormalised log-probabilities over all K classes; columns of classes the encoder never saw are meaningless."""

Labels = Int[np.ndarray, "N"]
"""0-based class ids."""

Probabilities = Float[np.ndarray, "N"]
"""One probability per clip, in [0, 1]."""

Mask = Bool[np.ndarray, "N"]
"""One truth value per clip."""
