import numpy as np
import pytest

from gzssar.errors import TextError
from gzssar.texts.fusion import centre, concatenate, fuse, mean, pad, span, standardise, weigh

SEEN = (0, 2, 3, 5)
ALL = ("concatenation", "standardised", "weighted", "mean", "experts")


def texts(rows=6, width=9, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)


def test_the_papers_normalises_the_whole_row_once():
    fused = concatenate([np.array([[3.0, 0.0], [1.0, 0.0]]), np.array([[4.0], [0.0]])])
    assert fused.dtype == np.float32
    np.testing.assert_allclose(fused, [[0.6, 0, 0.8], [1, 0, 0]], rtol=1e-6)


def test_the_papers_rows_have_unit_length_whatever_the_kinds_lengths():
    fused = concatenate([10 * texts(), texts(width=4, seed=1)])
    assert fused.shape == (6, 13)
    np.testing.assert_allclose(np.linalg.norm(fused, axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("fusion", ALL)
def test_tables_of_different_classes_are_not_fused(fusion):
    with pytest.raises(TextError, match=r"one row per class each, but they have \[6, 5\] rows"):
        fuse([texts(), texts(rows=5)], fusion, SEEN)
    with pytest.raises(TextError, match="at least one table"):
        fuse([], fusion, SEEN)


@pytest.mark.parametrize("fusion", [fusion for fusion in ALL if fusion != "concatenation"])
def test_an_encoders_scale_does_not_count(fusion):
    one, other = texts(), texts(width=4, seed=1)
    plain, scaled = fuse([one, other], fusion, SEEN), fuse([10 * one, other], fusion, SEEN)
    for a, b in zip(plain, scaled, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
        assert np.square(a[list(SEEN)]).sum(axis=1).mean() <= 1 + 1e-5


def test_a_common_direction_does_not_count():
    # unit rows with a first coordinate that all texts share, as CLIP's have
    angles = np.array([0.1, 0.9, 2.0, 2.9, 4.0, 5.5])
    own = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    common = np.concatenate([np.full((6, 1), 3.0), own], axis=1)
    np.testing.assert_allclose(standardise(common, SEEN)[:, 1:], standardise(own, SEEN), atol=1e-5)
    np.testing.assert_allclose(standardise(common, SEEN)[:, 0], 0, atol=1e-6)


def test_seen_rows_of_a_standardised_table_have_mean_zero_and_unit_mean_square_norm():
    rows = standardise(5 * texts() + 2, SEEN)[list(SEEN)]
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-6)
    assert np.square(rows).sum(axis=1).mean() == pytest.approx(1, rel=1e-5)


def test_weights_are_shares_of_the_squared_distances():
    a, b = standardise(texts(), SEEN), standardise(texts(width=4, seed=1), SEEN)
    fused = weigh([a, b], [3.0, 1.0])
    squared = [np.square(table[0] - table[1]).sum() for table in (fused, a, b)]
    assert squared[0] == pytest.approx(0.75 * squared[1] + 0.25 * squared[2], rel=1e-5)
    assert np.square(fused[list(SEEN)]).sum(axis=1).mean() == pytest.approx(1, rel=1e-5)


def test_equal_weights_are_what_standardised_means():
    tables = [texts(), texts(width=4, seed=1)]
    [standardised], [weighted] = fuse(tables, "standardised", SEEN), fuse(tables, "weighted", SEEN, (0.5, 0.5))
    np.testing.assert_allclose(standardised, weighted, atol=1e-7)


def test_a_mean_fills_the_narrower_table_up_with_zeros():
    one, other = texts(), texts(width=4, seed=1)
    expected = (one + np.pad(other, ((0, 0), (0, 5)))) / 2
    np.testing.assert_allclose(mean([one, other]), expected, atol=1e-6)


def test_experts_get_a_table_each_of_one_width():
    one, other = fuse([texts(), texts(width=4, seed=1)], "experts", SEEN)
    assert one.shape == other.shape == (6, 9)
    assert not other[:, 4:].any()
    assert [table.shape for table in pad([one])] == [(6, 9)]


@pytest.mark.parametrize(("rows", "width"), [(6, 9), (9, 6)])
def test_a_span_keeps_every_inner_product(rows, width):
    table = texts(rows, width)
    spanned = span(table)
    assert spanned.shape == (rows, 6)
    np.testing.assert_allclose(spanned @ spanned.T, table @ table.T, atol=1e-5)


def test_a_span_has_one_width_whatever_the_texts_repeat():
    spanned = span(np.concatenate([texts(4), texts(4)]))
    assert spanned.shape == (8, 8)
    np.testing.assert_allclose(spanned[:, 4:], 0, atol=1e-6)


def test_seen_texts_are_centred_and_of_unit_mean_square_norm():
    table, seen = 10 + texts(), (0, 2, 3, 5)
    centred = centre(table, seen)[list(seen)]
    np.testing.assert_allclose(centred.mean(axis=0), 0, atol=1e-6)
    assert np.square(centred).sum(axis=1).mean() == pytest.approx(1, rel=1e-5)
    # all that happened to them is a shift and one factor
    shifted = table[list(seen)] - table[list(seen)].mean(axis=0)
    np.testing.assert_allclose(centred, shifted * (centred[0, 0] / shifted[0, 0]), atol=1e-5)


def test_unseen_texts_keep_only_what_the_seen_ones_span():
    # seen texts lie on the x axis around x = 2, at 1 and 3; the mean square norm is 1 already
    table = np.array([[1, 0, 0], [3, 0, 0], [5, 7, -2]], dtype=np.float32)
    np.testing.assert_allclose(centre(table, (0, 1)), [[-1, 0, 0], [1, 0, 0], [3, 0, 0]], atol=1e-6)


@pytest.mark.parametrize("way", [centre, standardise])
def test_seen_texts_that_are_all_the_same_are_refused(way):
    table = texts()
    table[[0, 1, 2]] = table[0]
    with pytest.raises(TextError, match="must differ from each other, but they are all the same"):
        way(table, (0, 1, 2))
