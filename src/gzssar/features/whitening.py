"""Skeleton features in units of how clips of one class scatter.

In the whitened space every direction has unit variance within a class, so half the squared distance to a class mean is
that class's negative log-density up to a constant (the metric of linear discriminant analysis). That makes a squared
error a likelihood, and distances comparable between encoders.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gzssar.features.features import FeatureSet
from gzssar.shapes import Labels, SkeletonFeatures


@dataclass(frozen=True)
class SkeletonSpace:
    """An affine map of skeleton features, block by block: the streams, and on request their square roots."""

    offset: Float[np.ndarray, "W"]
    blocks: Float[np.ndarray, "B d d"] | None
    """A matrix for each d of the W = B · d numbers; None: the features stay as they come."""
    roots: bool = False
    """Whether the signed square roots of the features stand behind them: W = 2 · D."""

    @property
    def width(self) -> int:
        """D, of the features that it maps."""
        return len(self.offset) // (2 if self.roots else 1)

    def __call__(self, features: Float[np.ndarray, "N D"]) -> Float[np.ndarray, "N W"]:
        """Map features; float32 in and out."""
        if self.blocks is None:
            return features
        centred = (with_roots(features) if self.roots else features) - self.offset
        mapped = np.empty(centred.shape, dtype=np.float32)
        for start, block in zip(range(0, len(self.offset), self.blocks.shape[1]), self.blocks, strict=True):
            part = slice(start, start + len(block))
            mapped[:, part] = centred[:, part] @ block
        return mapped

    def normals(self, weights: Float[np.ndarray, "C D"]) -> Float[np.ndarray, "C W"]:
        """The directions in which linear functions of the features rise, block by block: weights that give the same
        function of mapped features, up to a constant. Among square roots it is the slope at the middle of the seen
        classes, up to a factor."""
        if self.blocks is None:
            return weights
        both = np.concatenate([weights, weights * np.abs(self.offset[self.width :])], axis=1) if self.roots else weights
        parts = np.split(both.astype(np.float64), len(self.blocks), axis=1)
        solved = [np.linalg.solve(block, part.T).T for block, part in zip(self.blocks, parts, strict=True)]
        return np.concatenate(solved, axis=1)


def with_roots(features: Float[np.ndarray, "N D"]) -> Float[np.ndarray, "N 2*D"]:
    """Features, and behind them their square roots with the features' signs."""
    return np.concatenate([features, np.sign(features) * np.sqrt(np.abs(features))], axis=1)


def raw_space(width: int) -> SkeletonSpace:
    """The space in which features stay as they come."""
    return SkeletonSpace(np.zeros(width, dtype=np.float32), None)


def whitened_space(train: FeatureSet, shrinkage: float, roots: bool = False) -> SkeletonSpace:
    """Centre on the mean of the class means and whiten the pooled within-class covariance.

    Several streams are whitened one by one, and their square roots apart from them. All are scaled by 1/√B, so that the
    log-density of a class is the mean of those that the blocks have by themselves.

    Args:
        train: clips to estimate both from.
        shrinkage: share of the covariance replaced by its mean variance times the identity, in [0, 1]; it keeps
            directions with few clips from blowing up.
        roots: put the signed square roots of the features beside them.
    """
    count = max(len(train.streams), 1) * (2 if roots else 1)
    features = with_roots(train.features) if roots else train.features
    blocks = np.split(features, count, axis=1)
    offsets, matrices = zip(*(_whitening(block, train.labels, shrinkage) for block in blocks), strict=True)
    return SkeletonSpace(np.concatenate(offsets), np.stack(matrices) / np.float32(np.sqrt(count)), roots)


def _whitening(
    features: SkeletonFeatures, labels: Labels, shrinkage: float
) -> tuple[Float[np.ndarray, "D"], Float[np.ndarray, "D D"]]:
    """Offset and matrix of one stream."""
    classes, counts = np.unique(labels, return_counts=True)
    x = features.astype(np.float64)
    means = np.stack([x[labels == c].mean(axis=0) for c in classes])
    # E[xxᵀ] - Σ n_c m_c m_cᵀ: the within-class scatter without a centred copy of all clips
    scatter = x.T @ x - (means * counts[:, None]).T @ means
    covariance = scatter / max(len(x) - len(classes), 1)
    variance = np.trace(covariance) / len(covariance)
    covariance = (1 - shrinkage) * covariance + shrinkage * variance * np.eye(len(covariance))
    values, vectors = np.linalg.eigh(covariance)
    scale = 1 / np.sqrt(np.maximum(values, 1e-6 * max(variance, 1e-12)))
    return means.mean(axis=0).astype(np.float32), (vectors * scale).astype(np.float32)


def class_means(train: FeatureSet, features: SkeletonFeatures) -> Float[np.ndarray, "S D"]:
    """Mean of `features` per class of `train`, in order of class id.

    Args:
        train: tells the class of each clip.
        features: the clips' features in the space the means are wanted in.
    """
    return np.stack([features[train.labels == c].mean(axis=0) for c in np.unique(train.labels)])


def log_densities(features: Float[np.ndarray, "N D"], means: Float[np.ndarray, "G D"]) -> Float[np.ndarray, "N G"]:
    """−½ squared distance to each mean: in the whitened space a class's log-density, up to one constant for all."""
    squares = (features**2).sum(axis=1)[:, None] + (means**2).sum(axis=1)[None] - 2 * features @ means.T
    return -0.5 * np.maximum(squares, 0)


def cosines(features: Float[np.ndarray, "N D"], centres: Float[np.ndarray, "G D"]) -> Float[np.ndarray, "N G"]:
    """Cosine of the angle between each clip and each centre, seen from the origin: in the whitened space, the middle of
    the seen classes. 0 where one of them lies there."""

    def unit(rows: Float[np.ndarray, "_ D"]) -> Float[np.ndarray, "_ D"]:
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)

    return np.asarray(unit(features) @ unit(centres).T)
