import numpy as np
import pytest

from gzssar.errors import TextError
from gzssar.texts.fusion import centre, fuse, span


def texts(rows=6, width=9, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)


def test_one_normalisation_of_the_whole_row():
    fused = fuse([np.array([[3.0, 0.0], [1.0, 0.0]]), np.array([[4.0], [0.0]])])
    assert fused.dtype == np.float32
    np.testing.assert_allclose(fused, [[0.6, 0, 0.8], [1, 0, 0]], rtol=1e-6)


def test_fused_rows_have_unit_length_whatever_the_kinds_lengths():
    fused = fuse([10 * texts(), texts(width=4, seed=1)])
    assert fused.shape == (6, 13)
    np.testing.assert_allclose(np.linalg.norm(fused, axis=1), 1, rtol=1e-6)


def test_tables_of_different_classes_are_not_fused():
    with pytest.raises(TextError, match=r"one row per class each, but they have \[6, 5\] rows"):
        fuse([texts(), texts(rows=5)])
    with pytest.raises(TextError, match="at least one table"):
        fuse([])


@pytest.mark.parametrize(("rows", "width", "left"), [(6, 9, 6), (9, 6, 6)])
def test_a_span_keeps_every_inner_product(rows, width, left):
    table = texts(rows, width)
    spanned = span(table)
    assert spanned.shape == (rows, left)
    np.testing.assert_allclose(spanned @ spanned.T, table @ table.T, atol=1e-5)


def test_a_span_leaves_empty_dimensions_out():
    assert span(np.concatenate([texts(4), texts(4)])).shape == (8, 4)


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


def test_seen_texts_that_are_all_the_same_are_refused():
    table = texts()
    table[[0, 1, 2]] = table[0]
    with pytest.raises(TextError, match="must differ from each other, but they are all the same"):
        centre(table, (0, 1, 2))
