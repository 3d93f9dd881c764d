"""Which seen class a clip shows: by the skeleton encoder's own softmax, or by the nearest class mean."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gzssar.errors import DataError
from gzssar.features.features import FeatureSet
from gzssar.features.whitening import SkeletonSpace, class_means
from gzssar.shapes import Labels, Logits, SkeletonFeatures
from gzssar.splits import Ids


def log_densities(features: Float[np.ndarray, "N D"], means: Float[np.ndarray, "G D"]) -> Float[np.ndarray, "N G"]:
    """−½ squared distance to each mean: in the whitened space a class's log-density, up to one constant for all."""
    squares = (features**2).sum(axis=1)[:, None] + (means**2).sum(axis=1)[None] - 2 * features @ means.T
    return -0.5 * np.maximum(squares, 0)


@dataclass(frozen=True)
class NearestMean:
    """Linear discriminant analysis: the class whose mean is nearest in the whitened space."""

    means: SkeletonFeatures
    """One row per seen class."""

    classes: Ids

    @classmethod
    def fit(cls, train: FeatureSet, space: SkeletonSpace, classes: Ids) -> "NearestMean":
        """Class means of the training clips, in `space`."""
        return cls(class_means(train, space(train.features)), classes)

    def scores(self, features: SkeletonFeatures) -> Float[np.ndarray, "N S"]:
        """Log-density of each seen class, up to a constant.

        Args:
            features: in the space the means were taken in.
        """
        return log_densities(features, self.means)

    def predict(self, features: SkeletonFeatures) -> Labels:
        """The most likely seen class."""
        return np.array(self.classes)[self.scores(features).argmax(axis=1)]


def encoder_predictions(logits: Logits | None, classes: Ids) -> Labels:
    """The encoder's own answer among `classes`.

    Raises:
        DataError: the encoder's logits are not known.
    """
    return np.array(classes)[_columns(logits, classes).argmax(axis=1)]


def encoder_probabilities(logits: Logits | None, classes: Ids, temperature: float) -> Float[np.ndarray, "N S"]:
    """Softmax over the seen classes' logits divided by `temperature`."""
    scaled = _columns(logits, classes) / temperature
    exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def _columns(logits: Logits | None, classes: Ids) -> Float[np.ndarray, "N S"]:
    if logits is None:
        raise DataError("the encoder's logits of these clips are not known: use seen_classifier='nearest-mean'.")
    return logits[:, list(classes)].astype(np.float64)
