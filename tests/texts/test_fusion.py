import numpy as np
import pytest

from gzssar.errors import TextError
from gzssar.texts.fusion import TextSpace, concatenation, fuse, seen_span, weighted

SEEN = (0, 2, 3, 5)
ALL = ("concatenation", "standardised", "weighted")


def texts(rows=6, width=9, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)


def test_the_papers_normalises_the_whole_row_once():
    tables = [np.array([[3.0, 0.0], [1.0, 0.0]]), np.array([[4.0], [0.0]])]
    fused = concatenation(tables)(tables)
    assert fused.dtype == np.float32
    np.testing.assert_allclose(fused, [[0.6, 0, 0.8], [1, 0, 0]], rtol=1e-6)


def test_the_papers_rows_have_unit_length_whatever_the_kinds_lengths():
    tables = [10 * texts(), texts(width=4, seed=1)]
    fused = concatenation(tables)(tables)
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
    plain = [texts(), texts(width=4, seed=1)]
    scaled = [10 * plain[0], plain[1]]
    rows = fuse(plain, fusion, SEEN)(plain)
    np.testing.assert_allclose(rows, fuse(scaled, fusion, SEEN)(scaled), atol=1e-5)
    assert np.square(rows[list(SEEN)]).sum(axis=1).mean() <= 1 + 1e-5


def test_a_common_direction_does_not_count():
    # unit rows with a first coordinate that all texts share, as CLIP's have
    angles = np.array([0.1, 0.9, 2.0, 2.9, 4.0, 5.5])
    own = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    common = np.concatenate([np.full((6, 1), 3.0), own], axis=1)
    with_it, without = (weighted([table], SEEN, [1.0])([table]) for table in (common, own))
    np.testing.assert_allclose(with_it[:, 1:], without, atol=1e-5)
    np.testing.assert_allclose(with_it[:, 0], 0, atol=1e-6)


def test_seen_rows_have_mean_zero_and_unit_mean_square_norm():
    table = 5 * texts() + 2
    rows = weighted([table], SEEN, [1.0])([table])[list(SEEN)]
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-6)
    assert np.square(rows).sum(axis=1).mean() == pytest.approx(1, rel=1e-5)


def test_weights_are_shares_of_the_squared_distances():
    tables = [texts(), texts(width=4, seed=1)]
    both = weighted(tables, SEEN, [3.0, 1.0])(tables)
    alone = [weighted([table], SEEN, [1.0])([table]) for table in tables]
    squared = [np.square(table[0] - table[1]).sum() for table in (both, *alone)]
    assert squared[0] == pytest.approx(0.75 * squared[1] + 0.25 * squared[2], rel=1e-5)
    assert np.square(both[list(SEEN)]).sum(axis=1).mean() == pytest.approx(1, rel=1e-5)


def test_equal_weights_are_what_standardised_means():
    tables = [texts(), texts(width=4, seed=1)]
    standardised, equal = fuse(tables, "standardised", SEEN), fuse(tables, "weighted", SEEN, (0.5, 0.5))
    np.testing.assert_allclose(standardised(tables), equal(tables), atol=1e-7)


@pytest.mark.parametrize("fusion", ALL)
def test_the_seen_span_keeps_seen_texts_up_to_a_shift_a_turn_and_one_factor(fusion):
    tables = [texts(), texts(width=4, seed=1)]
    space = fuse(tables, fusion, SEEN)
    spanned = seen_span(space, tables, SEEN)(tables)
    assert spanned.shape == (6, 6)
    rows, before = spanned[list(SEEN)], space(tables)[list(SEEN)]
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-6)
    assert np.square(rows).sum(axis=1).mean() == pytest.approx(1, rel=1e-5)
    before = before - before.mean(axis=0)
    gram = before @ before.T
    np.testing.assert_allclose(rows @ rows.T, gram / (np.trace(gram) / len(SEEN)), atol=1e-5)


def test_unseen_texts_keep_only_what_the_seen_ones_span():
    # seen texts lie at both sides of the x axis; the third differs from their mean along x and across
    table = np.array([[0.6, 0.8, 0], [-0.6, 0.8, 0], [1, 0, 0]], dtype=np.float32)
    space = seen_span(weighted([table], (0, 1), [1.0]), [table], (0, 1))
    spanned = space([table])
    np.testing.assert_allclose(np.abs(spanned[:, 0]), [1, 1, 1 / 0.6], atol=1e-6)
    np.testing.assert_allclose(spanned[:, 1:], 0, atol=1e-6)


def test_a_class_that_comes_later_lands_where_it_would_have_stood():
    tables = [texts(), texts(width=4, seed=1)]
    space = fuse(tables, "weighted", SEEN, (1.0, 2.0))
    space = seen_span(space, tables, SEEN)
    later = [table[1:2] for table in tables]
    np.testing.assert_allclose(space(later), space(tables)[1:2], atol=1e-7)


def test_seen_texts_that_are_all_the_same_are_refused():
    table = texts()
    table[[0, 1, 2]] = table[0]
    with pytest.raises(TextError, match="must differ from each other, but they are all the same"):
        weighted([table], (0, 1, 2), [1.0])
    with pytest.raises(TextError, match="must differ from each other, but they are all the same"):
        seen_span(concatenation([table]), [table], (0, 1, 2))


def test_a_table_of_no_weight_may_be_the_same_for_all_classes():
    tables, same = [texts(), np.ones((6, 2), dtype=np.float32)], np.ones((6, 2), dtype=np.float32)
    rows = weighted(tables, SEEN, [1.0, 0.0])(tables)
    np.testing.assert_allclose(rows[:, :9], weighted(tables[:1], SEEN, [1.0])(tables[:1]), rtol=1e-6)
    assert not rows[:, 9:].any()
    with pytest.raises(TextError, match="must differ from each other, but they are all the same"):
        weighted([tables[0], same], SEEN, [1.0, 0.1])


def test_a_space_scales_its_columns_before_its_matrix():
    table = np.array([[3.0, 4.0], [0.0, 2.0]], dtype=np.float32)
    scaled = TextSpace(False, np.array([0.5, 0.0]), np.array([10.0, 100.0]))
    np.testing.assert_allclose(scaled([table]), [[1, 80], [-5, 100]], rtol=1e-6)
    mixed = TextSpace(False, np.array([0.5, 0.0]), np.array([10.0, 100.0]), np.array([[1.0], [1.0]]))
    np.testing.assert_allclose(mixed([table]), [[81], [95]], rtol=1e-6)
    np.testing.assert_allclose(mixed.project(mixed.rows([table])), mixed([table]), rtol=1e-6)


def test_what_seen_texts_span_is_the_same_map_with_and_without_a_scale():
    tables = [texts(), texts(width=4, seed=1)]
    space = weighted(tables, SEEN, [1.0, 2.0])
    spanned = seen_span(space, tables, SEEN)
    rows = spanned(tables)
    assert spanned.matrix.shape == (13, 6)
    np.testing.assert_allclose(rows[list(SEEN)].mean(axis=0), 0, atol=1e-6)
    own = space(tables)[list(SEEN)].astype(np.float64)  # already of unit mean square norm: angles and lengths stay
    np.testing.assert_allclose(rows[list(SEEN)] @ rows[list(SEEN)].T, own @ own.T, atol=1e-5)
