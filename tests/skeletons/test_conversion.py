import io
import re
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from gzssar.errors import DataError
from gzssar.skeletons.conversion import ESTIMATES, ntu25_weights, require_3d, to_ntu25
from gzssar.skeletons.layout import COCO17, KINECT20, LAYOUTS, MEDIAPIPE33, NTU25, SMPL24, UTD20, Layout
from gzssar.skeletons.sequence import SkeletonSequence

every_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


def clip(layout, dimensions=3, bodies=1, **fields):
    joints = np.random.default_rng(0).normal(size=(dimensions, 4, layout.joint_count, bodies))
    return SkeletonSequence(joints=joints, fps=30.0, layout=layout, **fields)


def joint_of(sequence, name):
    return sequence.joints[:, :, sequence.layout.joint_names.index(name)]


@every_layout
def test_each_joint_is_a_weighted_mean(layout):
    weights = ntu25_weights(layout)
    assert weights.shape == (25, layout.joint_count)
    np.testing.assert_allclose(weights.sum(axis=1), 1)


@every_layout
def test_left_and_right_are_mapped_alike(layout):
    weights = ntu25_weights(layout)
    np.testing.assert_allclose(weights[list(NTU25.mirror)][:, list(layout.mirror)], weights, atol=1e-15)


def test_joints_are_as_visible_as_those_they_come_from():
    visibility = np.ones((4, 33, 1), np.float32)
    visibility[1, MEDIAPIPE33.joint_names.index("left hip")] = 0.5
    visibility[2, MEDIAPIPE33.joint_names.index("left knee")] = 0.25
    converted = to_ntu25(clip(MEDIAPIPE33, visibility=visibility)).visibility
    assert converted.shape == (4, 25, 1)
    assert converted[1, NTU25.joint_names.index("base of spine"), 0] == pytest.approx(0.75)
    assert converted[2, NTU25.joint_names.index("left knee"), 0] == 0.25
    assert converted[0].tolist() == pytest.approx(np.ones((25, 1)))


@every_layout
def test_measured_joints_are_those_of_the_same_name(layout):
    sequence, estimated = clip(layout), ESTIMATES[layout.name]
    for name in NTU25.joint_names:
        if name not in estimated:
            np.testing.assert_array_equal(joint_of(to_ntu25(sequence), name), joint_of(sequence, name))


def test_every_layout_has_a_map_of_its_own_joints():
    assert ESTIMATES.keys() == LAYOUTS.keys()


def test_estimates_worked_out_by_hand():
    coco = clip(COCO17)
    ntu = to_ntu25(coco)
    hips = (joint_of(coco, "left hip") + joint_of(coco, "right hip")) / 2
    shoulders = (joint_of(coco, "left shoulder") + joint_of(coco, "right shoulder")) / 2
    ears = (joint_of(coco, "left ear") + joint_of(coco, "right ear")) / 2
    np.testing.assert_allclose(joint_of(ntu, "mid spine"), hips + 0.578 * (shoulders - hips))
    np.testing.assert_allclose(joint_of(ntu, "neck"), shoulders + (ears - shoulders) / 3)
    np.testing.assert_allclose(joint_of(ntu, "left thumb"), joint_of(coco, "left wrist"))
    np.testing.assert_allclose(joint_of(ntu, "right foot"), joint_of(coco, "right ankle"))


def test_a_sensor_that_sees_fingers_or_hands_gives_them():
    pose, smpl = clip(MEDIAPIPE33), clip(SMPL24)
    np.testing.assert_allclose(joint_of(to_ntu25(pose), "left hand tip"), joint_of(pose, "left index"))
    np.testing.assert_allclose(joint_of(to_ntu25(pose), "right foot"), joint_of(pose, "right foot index"))
    np.testing.assert_allclose(joint_of(to_ntu25(smpl), "right hand"), joint_of(smpl, "right hand"))


@settings(deadline=None)
@given(st.floats(-2, 2), st.floats(0.1, 10))
def test_moving_and_scaling_the_body_moves_and_scales_the_result(shift, scale):
    sequence = clip(KINECT20)
    moved = SkeletonSequence(joints=sequence.joints * scale + shift, fps=30.0, layout=KINECT20)
    np.testing.assert_allclose(to_ntu25(moved).joints, to_ntu25(sequence).joints * scale + shift, atol=1e-12)


def test_both_orders_of_kinect_v1_give_the_same():
    order = [KINECT20.joint_names.index(name) for name in UTD20.joint_names]
    sequence = clip(KINECT20)
    reordered = SkeletonSequence(joints=sequence.joints[:, :, order], fps=30.0, layout=UTD20)
    np.testing.assert_allclose(to_ntu25(reordered).joints, to_ntu25(sequence).joints)


def test_an_absent_body_stays_absent_and_the_rest_as_it_was():
    two = clip(COCO17, dimensions=2, bodies=2, label=3, subject=7, camera=1, setup=2, name="a.json")
    two.joints[..., 1] = 0
    two.joints[:, 2] = 0
    converted = to_ntu25(two)
    assert converted.joints.shape == (2, 4, 25, 2)
    assert not converted.joints[..., 1].any()
    assert not converted.joints[:, 2].any()
    assert converted.layout == NTU25
    for field in ("fps", "label", "subject", "camera", "setup", "name"):
        assert getattr(converted, field) == getattr(two, field)


def test_ntu_clips_and_the_type_of_numbers_are_left_alone():
    assert to_ntu25(sequence := clip(NTU25)) is sequence
    single = SkeletonSequence(joints=np.ones((3, 1, 20, 1), np.float32), fps=30.0, layout=UTD20)
    assert to_ntu25(single).joints.dtype == np.float32


def test_a_layout_of_ones_own_has_no_map():
    own = Layout(name="utd20", joint_names=("a", "b"), bones=((1, 0),), left_right=(), root=0)
    with pytest.raises(DataError, match=r"'utd20' has no map to the joints of NTU-25, but coco17, .* have: bring"):
        to_ntu25(clip(own))


def test_a_clip_in_a_picture_is_refused_with_advice():
    require_3d(clip(COCO17))
    with pytest.raises(DataError, match=r"clip 'a\.json' should have three coordinates, .* lift it to 3-D first\.$"):
        require_3d(clip(COCO17, dimensions=2, name="a.json"))


def test_utd_clips_map_as_an_independent_author_maps_them(shared_data):
    """Axes, order of frames and units are the recording's; float32 leaves one unit in the last place."""
    from scipy.io import loadmat

    with np.load(shared_data / "shiftgcn" / "golden_ntu120_xset_joint.npz") as golden:
        expected = np.split(golden["joints"], golden["offsets"][1:-1])
        index = golden["clip_index"]
    with zipfile.ZipFile(shared_data / "utd_mhad" / "Skeleton.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".mat")]
        names.sort(key=lambda name: tuple(map(int, re.findall(r"\d+", name))))
        raw = [loadmat(io.BytesIO(archive.read(names[number])))["d_skel"] for number in index]
    for recorded, mapped in zip(raw, expected, strict=True):
        sequence = SkeletonSequence(joints=recorded.transpose(1, 2, 0)[..., None], fps=30.0, layout=UTD20)
        np.testing.assert_allclose(to_ntu25(sequence).joints[..., 0].transpose(1, 2, 0), mapped, rtol=0, atol=2.4e-7)
