import io

import numpy as np
import pytest

from gzssar.texts.authoring.checking import similarity
from gzssar.texts.authoring.heat_map import heat_map, leaf_order


def drawn(figure):
    """Warnings are errors here, so drawing is the test."""
    figure.savefig(io.BytesIO(), format="png", dpi=30)
    return figure


def random_similarities(classes: int, kinds: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    names = ("label", "action", "motion", "fusion")[-kinds:]
    return {kind: similarity(rng.normal(size=(classes, 5))) for kind in names}


@pytest.mark.parametrize(("classes", "kinds"), [(1, 1), (2, 4), (3, 3), (27, 4), (60, 1), (120, 4)])
def test_it_draws_at_any_size(classes, kinds):
    names = [f"a class with $ome name_{k} that is rather long" for k in range(classes)]
    figure = drawn(heat_map(random_similarities(classes, kinds), names, 0.95))
    assert len(figure.axes) == kinds + 1  # and the colour bar


def test_identical_texts_draw():
    drawn(heat_map({"label": np.ones((4, 4))}, list("abcd"), 0.95))


def test_similar_classes_lie_together():
    rng = np.random.default_rng(0)
    groups = np.arange(12) % 3
    order = leaf_order(similarity(np.eye(3)[groups] + 0.1 * rng.normal(size=(12, 3))))
    assert sorted(order.tolist()) == list(range(12))
    assert (np.diff(groups[order]) != 0).sum() == 2


def test_all_panels_have_the_order_of_the_last():
    similarities = random_similarities(9, 4)
    order = leaf_order(similarities["fusion"])
    figure = heat_map(similarities, [str(k) for k in range(9)], 0.95)
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == [str(k) for k in order]
    assert [text.get_text() for text in figure.axes[3].get_xticklabels()] == [str(k) for k in order]
    shown = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(shown[0, 1:], similarities["label"][order[0], order[1:]])
    assert [axes.get_title(loc="left") for axes in figure.axes[:4]] == ["label", "action", "motion", "fusion"]


def test_near_duplicates_are_framed_on_both_sides_of_the_diagonal():
    cosines = np.eye(4)
    cosines[0, 2] = cosines[2, 0] = 0.97
    figure = heat_map({"label": cosines}, list("abcd"), 0.95)
    assert len(figure.axes[0].collections[0].get_paths()) == 2
