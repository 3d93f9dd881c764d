import io
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.drawing import LEFT, MIDLINE, RIGHT, View, choose_views, save_picture, stick_figures
from gzssar.skeletons.layout import LAYOUTS, Layout
from gzssar.skeletons.sequence import SkeletonSequence
from synthetic_clips import small_world

TOY = Layout(
    name="toy",
    joint_names=("pelvis", "head", "left hand", "right hand", "left foot", "right foot"),
    bones=((1, 0), (2, 1), (3, 1), (4, 0), (5, 0)),
    left_right=((2, 3), (4, 5)),
    root=0,
)
STANDING = np.array([[0, 1, 0], [0, 1.8, 0], [-0.4, 1, 0], [0.4, 1, -0.3], [-0.1, 0, 0], [0.1, 0, 0]])
"""Seen by a Kinect, y up: who faces it looks along -z and has his right hand, here held before him, at larger x."""

TURNS = {
    "y up": np.eye(3),
    "z up": np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "y down": np.diag([1, -1, -1]),
    "x up": np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]]),
}
"""Proper rotations, so that left stays left."""


def standing(turn: np.ndarray = TURNS["y up"], frames: int = 10, fps: float = 30.0, **changes) -> SkeletonSequence:
    """A toy body that walks 0.2 m to its right, in some frame of reference."""
    joints = STANDING[None] + np.linspace(0, 0.2, frames)[:, None, None] * np.array([1, 0, 0])
    return SkeletonSequence(
        **{"joints": (joints @ turn.T).transpose(2, 0, 1)[..., None], "fps": fps} | changes, layout=TOY
    )


def bodies(axes: Axes) -> list[LineCollection]:
    return [artist for artist in axes.collections if isinstance(artist, LineCollection)]


def on_paper(axes: Axes) -> np.ndarray:
    """Ends of the first body's bones in dots of the picture, x to the right, y up."""
    return axes.transData.transform(np.concatenate(bodies(axes)[0].get_segments()))


@pytest.mark.parametrize(
    ("turn", "front", "side"),
    [
        ("y up", ((0, -1), (1, 1)), ((2, -1), (1, 1))),
        ("z up", ((0, -1), (2, 1)), ((1, 1), (2, 1))),
        ("y down", ((0, -1), (1, -1)), ((2, 1), (1, -1))),
        ("x up", ((1, 1), (0, 1)), ((2, -1), (0, 1))),
    ],
)
def test_the_front_faces_us_and_the_side_looks_right(turn, front, side):
    assert choose_views(standing(TURNS[turn])) == (View("front view", *front), View("side view", *side))


@pytest.mark.parametrize("turn", TURNS)
def test_a_clip_looks_the_same_in_every_frame_of_reference(turn):
    panels, upright = (stick_figures(standing(TURNS[name]), frames=3).axes for name in (turn, "y up"))
    for panel, expected in zip(panels, upright, strict=True):
        np.testing.assert_allclose(on_paper(panel), on_paper(expected), atol=1e-6)


def test_left_is_on_the_right_in_front_and_the_hand_held_forward_on_the_right_at_the_side():
    front, side = stick_figures(standing(), frames=1).axes
    (head, left_hand, right_hand, *_), pelvis = on_paper(front)[::2], on_paper(front)[1]
    assert left_hand[0] > pelvis[0] > right_hand[0]
    assert head[1] > left_hand[1]
    _, left_hand, right_hand, *_ = on_paper(side)[::2]
    assert right_hand[0] > left_hand[0]


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_knows_its_head_and_feet(name):
    layout = LAYOUTS[name]
    heights = [2.0 if joint in ("head", "nose") else 0.0 if "ankle" in joint else 1.0 for joint in layout.joint_names]
    joints = np.zeros((3, 2, layout.joint_count, 1))
    joints[2] = -np.array(heights)[None, :, None]
    joints[0] = 0.1
    assert {view.up for view in choose_views(SkeletonSequence(joints, 30.0, layout))} == {(2, -1)}


def test_a_picture_is_drawn_as_it_is_even_upside_down():
    joints = standing().joints[:2] * 100
    (panel,) = stick_figures(replace(standing(), joints=joints), frames=1).axes
    head, pelvis = on_paper(panel)[:2]
    assert head[1] < pelvis[1]
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("x (px) →", "picture\n← y (px)")


def test_axes_name_coordinate_unit_and_direction():
    front, side = stick_figures(standing(), frames=1).axes
    assert (front.get_xlabel(), front.get_ylabel()) == ("← x (m)", "front view\ny (m) →")
    assert (side.get_xlabel(), side.get_ylabel()) == ("← z (m)", "side view\ny (m) →")


@pytest.mark.parametrize(("frames", "length", "panels"), [(8, 10, 16), (8, 3, 6), (1, 10, 2)])
def test_frames_are_spread_over_the_clip(frames, length, panels):
    axes = stick_figures(standing(frames=length), frames).axes
    assert len(axes) == panels
    titles = [panel.get_title() for panel in axes if panel.get_title()]
    assert titles[0] == "0.00 s\nframe 0"
    assert len(titles) == panels // 2
    if frames > 1:
        assert titles[-1].endswith(f"frame {length - 1}")


def test_both_axes_of_all_panels_have_one_scale():
    scales = {
        round(abs(panel.transData.get_matrix()[axis, axis]), 6)
        for panel in stick_figures(small_world().sequence(5)).axes
        for axis in (0, 1)
    }
    assert len(scales) == 1


def test_panels_follow_a_body_that_travels():
    far = standing().joints + np.linspace(0, 30, 10)[None, :, None, None] * np.array([1, 0, 0]).reshape(3, 1, 1, 1)
    front = stick_figures(replace(standing(), joints=far)).axes[:8]
    for panel in front:
        assert panel.bbox.contains(*on_paper(panel)[0])
        assert np.ptp(on_paper(panel)[:, 0]) > 0.5 * panel.bbox.width
    assert len({panel.get_xlim() for panel in front}) == 8


def test_bones_have_the_colour_of_their_side():
    panel = stick_figures(standing()).axes[0]
    assert [to_hex(colour) for colour in bodies(panel)[0].get_colors()] == [MIDLINE, LEFT, RIGHT, LEFT, RIGHT]


def test_absent_bodies_are_not_drawn():
    joints = np.concatenate([standing().joints, standing().joints + 0.3], axis=3)
    joints[:, :5, :, 1], joints[:, 9] = 0, 0
    figure = stick_figures(replace(standing(), joints=joints), frames=3)
    assert [[lines.get_visible() for lines in bodies(panel)] for panel in figure.axes[:3]] == [
        [True, False],
        [True, False],
        [False, False],
    ]
    assert [[text.get_text() for text in panel.texts] for panel in figure.axes[:3]] == [[], [], ["nobody"]]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["left limbs", "right limbs", "midline", "body 1", "body 2"]
    styles = [lines.get_linestyle() for lines in bodies(figure.axes[0])]
    assert styles[0] != styles[1]


def test_the_title_names_the_clip():
    figure = stick_figures(replace(standing(), name="a $b$ c"))
    assert [text.get_text() for text in figure.texts] == ["a $b$ c", "toy, 6 joints · 10 frames · 30 fps · 1 body"]


def test_numbers_name_every_joint_where_it_is():
    key = stick_figures(standing(), numbers=True).axes[-1]
    named = {text.get_text(): text.xy for text in key.texts}  # type: ignore[attr-defined]
    assert set(named) == {f"{v} {name}" for v, name in enumerate(TOY.joint_names)}
    assert named["3 right hand"] == pytest.approx((0.4, 1.0))


CROWDED = {
    "numbers": (small_world().sequence(80), {"numbers": True}),
    "millimetres": (replace(small_world().sequence(3), joints=1000 * small_world().joints[3]), {}),
    "many frames": (small_world().sequence(40), {"frames": 25}),
    "a long name": (replace(standing(), name="folder/" * 40), {"frames": 2}),
    "nobody": (replace(standing(), joints=np.zeros((3, 5, 6, 2))), {"numbers": True}),
    "one frame, one place": (replace(standing(), joints=np.ones((3, 1, 6, 1))), {}),
    "huge": (replace(standing(), joints=standing().joints * 1e14), {}),
    "tiny": (replace(standing(), joints=standing().joints * 1e-300), {}),
    "lying picture": (replace(standing(), joints=standing().joints[[1, 0]] * 100), {}),
}


@pytest.mark.parametrize("case", CROWDED)
def test_no_text_leaves_the_picture_or_covers_another(case):
    sequence, options = CROWDED[case]
    figure = stick_figures(sequence, **options)
    boxes = dict(_texts(figure))
    for text, box in boxes.items():
        assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1, text
        assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1, text
    for (one, box), (other, its) in combinations(boxes.items(), 2):
        assert not box.padded(-0.5).overlaps(its.padded(-0.5)), (one, other)


def _texts(figure: Figure) -> list:
    """What stands on the page, and its box."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.savefig(io.BytesIO(), format="png")
    off = {
        text
        for axes in figure.axes
        if not axes.axison
        for axis in (axes.xaxis, axes.yaxis)
        for text in axis.findobj(Text)
    }
    texts = [
        text for text in figure.findobj(Text) if text not in off and text.get_visible() and text.get_text().strip()
    ]
    return [(text, Text.get_window_extent(text, renderer)) for text in texts]


def test_a_strip_is_a_png(tmp_path):
    save_picture(standing(), tmp_path / "new" / "clip.PNG")
    with Image.open(tmp_path / "new" / "clip.PNG") as picture:
        assert picture.format == "PNG"
        assert picture.width > picture.height
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["clip.PNG"]


@pytest.mark.parametrize(("frames", "fps", "pictures"), [(10, 30.0, 10), (130, 30.0, 65), (36, 240.0, 8), (1, 30.0, 1)])
def test_an_animation_plays_at_the_true_speed(tmp_path, frames, fps, pictures):
    save_picture(standing(frames=frames, fps=fps), tmp_path / "clip.gif")
    with Image.open(tmp_path / "clip.gif") as picture:
        durations = []
        for index in range(picture.n_frames):
            picture.seek(index)
            durations.append(picture.info.get("duration", 0))
    assert len(durations) == pictures
    if frames > 1:
        assert sum(durations) == pytest.approx(1000 * frames / fps, abs=20)
        assert min(durations) >= 20


def test_the_pictures_of_an_animation_differ_and_keep_their_colours(tmp_path):
    save_picture(standing(), tmp_path / "clip.gif")
    with Image.open(tmp_path / "clip.gif") as picture:
        pages = []
        for index in range(picture.n_frames):
            picture.seek(index)
            pages.append(np.array(picture.convert("RGB")))
    assert all((before != after).any() for before, after in pairwise(pages))
    for colour in (LEFT, RIGHT, "#ffffff"):
        assert (pages[-1] == list(bytes.fromhex(colour[1:]))).all(axis=-1).any()


@pytest.mark.parametrize("name", ["clip.mp4", "clip", "clip.gif.jpg"])
def test_other_pictures_are_refused(tmp_path, name):
    with pytest.raises(ConfigError, match=r"ends in \.png \(a strip\) or \.gif \(an animation\)"):
        save_picture(standing(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_animations_have_no_numbers(tmp_path):
    with pytest.raises(ConfigError, match="joint numbers need a picture that stands still"):
        save_picture(standing(), tmp_path / "clip.gif", numbers=True)


def test_no_frames_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="at least one frame, but 0 were asked for"):
        save_picture(standing(), tmp_path / "clip.png", frames=0)


@pytest.mark.parametrize("suffix", [".png", ".gif"])
def test_positions_beyond_all_bounds_are_refused(tmp_path, suffix):
    with pytest.raises(DataError, match=r"clip 'far' should hold positions in metres .* but the largest is 2e\+300"):
        save_picture(replace(standing(), name="far", joints=standing().joints * 1e300), tmp_path / f"clip{suffix}")


def test_names_in_any_script_are_drawn(tmp_path):
    save_picture(replace(standing(), name="挥手\n第一次"), tmp_path / "clip.png", frames=1)
    assert (tmp_path / "clip.png").exists()


def test_toes_of_real_clips_point_right_at_the_side(shared_data):
    with np.load(shared_data / "msr_action3d.npz") as file:
        joints, offsets = file["joints"], file["offsets"]
    layout, forward = LAYOUTS["kinect20"], []
    ankles, feet = ([layout.joint_names.index(f"{s} {j}") for s in ("left", "right")] for j in ("ankle", "foot"))
    for start, end in pairwise(offsets[:200]):
        clip = SkeletonSequence(joints[start:end].transpose(2, 0, 1)[..., None], 15.0, layout)
        axis, sign = choose_views(clip)[1].across
        toes = clip.joints[axis][:, feet] - clip.joints[axis][:, ankles]
        forward.append(sign * np.median(toes) > 0)
    assert np.mean(forward) > 0.98
