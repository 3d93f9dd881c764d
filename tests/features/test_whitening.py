import numpy as np
import pytest

from gzssar.features.features import FeatureSet
from gzssar.features.whitening import class_means, cosines, log_densities, raw_space, whitened_space, with_roots


def train(seed=0, counts=(30, 50, 80), width=4):
    """Correlated clips of three classes of unequal size."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.array([2, 5, 7]), counts)
    mixing, means = rng.normal(size=(width, width)), 10 * rng.normal(size=(3, width))
    features = means[np.searchsorted([2, 5, 7], labels)] + rng.normal(size=(len(labels), width)) @ mixing
    order = rng.permutation(len(labels))
    return FeatureSet(features[order].astype(np.float32), labels[order])


def within_class_covariance(features, labels):
    features = features.astype(np.float64)
    residuals = np.concatenate([features[labels == c] - features[labels == c].mean(axis=0) for c in np.unique(labels)])
    return residuals.T @ residuals / (len(labels) - len(np.unique(labels)))


def test_without_shrinkage_the_within_class_covariance_becomes_the_identity():
    clips = train()
    whitened = whitened_space(clips, 0.0)(clips.features)
    assert whitened.dtype == np.float32
    np.testing.assert_allclose(within_class_covariance(whitened, clips.labels), np.eye(4), atol=1e-4)


def test_the_class_means_are_centred_whatever_the_class_sizes():
    clips = train()
    means = class_means(clips, whitened_space(clips, 0.3)(clips.features))
    np.testing.assert_allclose(means.mean(axis=0), np.zeros(4), atol=1e-4)


def toy():
    """Class 0 at (0, 0) ± (2, 0) and ± (0, 1), class 1 the same around (10, 4)."""
    moves = np.array([[2, 0], [-2, 0], [0, 1], [0, -1]], dtype=np.float32)
    features = np.concatenate([moves, moves + np.array([10, 4], dtype=np.float32)])
    return FeatureSet(features, np.repeat(np.array([0, 1]), 4))


@pytest.mark.parametrize(("shrinkage", "variances"), [(0.0, (8 / 3, 2 / 3)), (0.5, (13 / 6, 7 / 6))])
def test_a_toy_by_hand(shrinkage, variances):
    # scatter of both classes: x 2·(4 + 4) = 16, y 2·(1 + 1) = 4; over 8 − 2 clips: 8/3 and 2/3, mean 5/3
    space = whitened_space(toy(), shrinkage)
    assert space.offset.tolist() == [5, 2]
    by_hand = np.abs(toy().features - np.array([5, 2])) / np.sqrt(variances)
    mapped = np.abs(space(toy().features))[:, ::-1]  # the direction of the smaller variance, y, comes first
    np.testing.assert_allclose(mapped, by_hand, rtol=1e-5, atol=1e-6)


def test_full_shrinkage_scales_all_directions_alike():
    lengths = np.linalg.norm(whitened_space(toy(), 1.0)(toy().features), axis=1)
    by_hand = np.linalg.norm(toy().features - np.array([5, 2]), axis=1) / np.sqrt(5 / 3)
    np.testing.assert_allclose(lengths, by_hand, rtol=1e-5)


def test_directions_without_any_spread_stay_finite():
    clips = toy()
    flat = FeatureSet(np.concatenate([clips.features, np.ones((8, 1), dtype=np.float32)], axis=1), clips.labels)
    assert np.isfinite(whitened_space(flat, 0.0)(flat.features)).all()
    still = FeatureSet(np.ones((2, 3), dtype=np.float32), np.array([0, 1]))
    assert np.isfinite(whitened_space(still, 0.3)(still.features)).all()


def test_the_raw_space_changes_nothing():
    clips = toy()
    assert raw_space(2)(clips.features) is clips.features


def test_class_means_come_in_order_of_class_id():
    labels = np.array([7, 2, 7])
    clips = FeatureSet(np.array([[1, 1], [5, 5], [3, 1]], dtype=np.float32), labels)
    assert class_means(clips, clips.features).tolist() == [[5, 5], [2, 1]]


# several streams


def test_a_class_scores_the_mean_of_what_the_streams_say():
    one, other = train(), train(seed=1)
    other = FeatureSet(10 * other.features[np.argsort(other.labels)], np.sort(other.labels))
    one = FeatureSet(one.features[np.argsort(one.labels)], np.sort(one.labels))
    both = FeatureSet(
        np.concatenate([one.features, other.features], axis=1), one.labels, streams=("joint", "joint motion")
    )
    each = []
    for clips in (one, other, both):
        features = whitened_space(clips, 0.3)(clips.features)
        each.append(log_densities(features, class_means(clips, features)))
    np.testing.assert_allclose(each[2], (each[0] + each[1]) / 2, rtol=1e-3, atol=1e-3)


def test_one_stream_is_whitened_whether_it_is_named_or_not():
    clips = train()
    named = FeatureSet(clips.features, clips.labels, streams=("bone",))
    assert np.array_equal(whitened_space(named, 0.3).blocks, whitened_space(clips, 0.3).blocks)


def test_the_space_tells_the_width_of_its_features():
    clips = train()
    assert [whitened_space(clips, 0.3, roots).width for roots in (False, True)] == [4, 4]
    assert raw_space(7).width == 7


# square roots


def test_square_roots_keep_signs():
    assert with_roots(np.array([[4.0, -9.0, 0.0]])).tolist() == [[4, -9, 0, 2, -3, 0]]


def test_roots_are_whitened_by_themselves_and_weigh_as_much():
    clips = train()
    roots = FeatureSet(with_roots(clips.features)[:, 4:], clips.labels)
    space = whitened_space(clips, 0.3, roots=True)
    mapped = space(clips.features)
    assert mapped.shape == (len(clips), 8)
    assert mapped.dtype == np.float32
    assert space.blocks.shape == (2, 4, 4)
    halves = zip((clips, roots), np.split(mapped, 2, axis=1), strict=True)
    for plain, half in halves:
        np.testing.assert_allclose(half, whitened_space(plain, 0.3)(plain.features) / np.sqrt(2), rtol=1e-4, atol=1e-4)


def test_roots_of_several_streams_are_whitened_stream_by_stream():
    clips = train()
    both = FeatureSet(np.tile(clips.features, 2), clips.labels, streams=("joint", "bone"))
    one, two = (whitened_space(each, 0.3, roots=True)(each.features) for each in (clips, both))
    features, roots = np.split(one / np.sqrt(2, dtype=np.float32), 2, axis=1)
    np.testing.assert_allclose(two, np.concatenate([features, features, roots, roots], axis=1), rtol=1e-4, atol=1e-4)


def test_cosines_by_hand():
    clips, centres = np.array([[3.0, 0.0], [1.0, 1.0], [0.0, 0.0]]), np.array([[10.0, 0.0], [0.0, -2.0]])
    half = np.sqrt(0.5)
    np.testing.assert_allclose(cosines(clips, centres), [[1, 0], [half, -half], [0, 0]], atol=1e-12)


def test_the_normal_of_a_linear_function_is_the_function_of_what_is_mapped():
    rng = np.random.default_rng(0)
    features = (rng.normal(size=(60, 6)) @ rng.normal(size=(6, 6))).astype(np.float32)
    train = FeatureSet(features, np.repeat([0, 1, 2], 20), streams=("joint", "bone"))
    space = whitened_space(train, 0.3)
    weights = rng.normal(size=(4, 6))
    told = space(train.features) @ space.normals(weights).T - train.features @ weights.T
    np.testing.assert_allclose(told - told[0], 0, atol=1e-4)  # but for a constant
    np.testing.assert_array_equal(raw_space(6).normals(weights), weights)


def test_the_normal_of_square_roots_has_the_slope_of_the_middle():
    rng = np.random.default_rng(0)
    train = FeatureSet(rng.uniform(1, 4, size=(60, 3)).astype(np.float32), np.repeat([0, 1, 2], 20))
    space = whitened_space(train, 0.3, roots=True)
    weights = np.array([[1.0, 2.0, -1.0]])
    roots = space.normals(weights)[:, 3:]
    middle = np.mean([np.sqrt(train.features[train.labels == c]).mean(axis=0) for c in range(3)], axis=0)
    steps = np.sqrt(train.features)  # w · 2√x per step of √x, which is w · middle up to a factor of two
    told = space(train.features)[:, 3:] @ roots.T - steps @ (weights * middle).T
    np.testing.assert_allclose(told - told[0], 0, atol=1e-4)
