import dataclasses
import io
from collections.abc import Sequence

import numpy as np
import pytest
from matplotlib.figure import Figure

from evaluation_world import World
from gzssar.reports import figures
from gzssar.reports.latent_map import latent_map, project
from gzssar.reports.rendering import inline_svg


def drawn(figure: Figure) -> Figure:
    """Warnings are errors here, so drawing is the test."""
    figure.savefig(io.BytesIO(), format="png", dpi=50)
    return figure


def test_every_figure_draws_at_the_extremes(extreme_world: World) -> None:
    world, one = extreme_world, extreme_world.records[0]
    drawn(figures.confusion_matrix(world.records, world.split, world.names))
    drawn(figures.per_class_accuracies(world.records, world.split, world.names))
    drawn(figures.threshold_sweep(world.records))
    drawn(figures.gate_histogram(one))
    drawn(latent_map(one, world.split, world.names))
    losses = figures.loss_curves(one)
    assert losses is not None
    drawn(losses)


def test_confusion_rows_sum_to_one_and_absent_classes_stay_empty(world: World) -> None:
    shares = figures.confusion_shares(world.records, world.split.class_count + 1)
    np.testing.assert_allclose(shares.sum(axis=1), [1.0] * world.split.class_count + [0.0])


def test_the_matrix_shows_seen_classes_before_unseen_ones(world: World) -> None:
    figure = figures.confusion_matrix(world.records, world.split, [str(c) for c in range(43)])
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels == [str(c) for c in (*world.split.seen, *world.split.unseen)]


def test_classes_are_sorted_by_their_accuracy(world: World) -> None:
    figure = figures.per_class_accuracies(world.records, world.split, world.names)
    widths = [bar.get_width() for axes in figure.axes for bar in axes.patches]  # type: ignore[attr-defined]
    assert len(widths) == 43
    assert widths == sorted(widths, reverse=True)


def test_loss_panels_leave_out_what_was_never_on(world: World) -> None:
    curves = {"step": np.arange(3), "a": np.array([3.0, 2.0, 1.0]), "never on": np.full(3, np.nan)}
    figure = figures.loss_curves(dataclasses.replace(world.records[0], curves=curves))
    assert figure is not None
    assert [axes.get_title(loc="left") for axes in drawn(figure).axes] == ["a"]


@pytest.mark.parametrize("curves", [{}, {"step": np.arange(3)}])
def test_no_losses_no_picture(world: World, curves: dict[str, np.ndarray]) -> None:
    assert figures.loss_curves(dataclasses.replace(world.records[0], curves=curves)) is None


def test_the_plane_is_the_one_the_clips_spread_in() -> None:
    rng = np.random.default_rng(0)
    clips = rng.normal(size=(400, 6)) * np.array([0.1, 5.0, 0.1, 3.0, 0.1, 0.1])
    flat, texts, shares = project(clips, clips[:4], np.arange(400) < 300)
    np.testing.assert_allclose(flat[:4], texts)
    assert abs(np.corrcoef(flat[:, 0], clips[:, 1])[0, 1]) > 0.99
    assert abs(np.corrcoef(flat[:, 1], clips[:, 3])[0, 1]) > 0.97
    assert shares.sum() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("width", [1, 2])
def test_a_plane_exists_for_the_narrowest_latents(width: int) -> None:
    flat, texts, _ = project(np.eye(4)[:, :width], np.zeros((3, width)), np.array([True, True, False, False]))
    assert (flat.shape, texts.shape) == ((4, 2), (3, 2))


def test_inline_pictures_follow_the_page_and_keep_their_ids_apart(world: World) -> None:
    figure = figures.gate_histogram(world.records[0])
    svg = inline_svg(figure, "gate", "two heaps")
    assert svg.startswith('<svg role="img" aria-label="two heaps" viewBox=')
    assert "var(--seen)" in svg
    assert figures.SEEN not in svg
    assert "<metadata>" not in svg
    assert all(i.startswith("gate-") for i in _between(svg, ' id="'))
    assert set(_between(svg, "url(#", ")")) <= set(_between(svg, ' id="'))
    assert svg == inline_svg(figure, "gate", "two heaps")


def _between(text: str, start: str, end: str = '"') -> Sequence[str]:
    return [part.split(end, 1)[0] for part in text.split(start)[1:]]
