import io
import zipfile

import numpy as np
import pytest

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.layout import KINECT20, LAYOUTS, NTU25, UTD20, Layout

every_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


def test_ntu25_has_the_joints_of_the_dataset_in_their_order():
    names = NTU25.joint_names
    assert NTU25.joint_count == 25
    assert (names[0], names[1], names[3], names[4], names[11]) == (
        "base of spine",
        "mid spine",
        "head",
        "left shoulder",
        "right hand",
    )
    assert names[20:] == ("spine shoulder", "left hand tip", "left thumb", "right hand tip", "right thumb")
    assert LAYOUTS["ntu25"] is NTU25


@pytest.mark.parametrize(
    ("name", "count", "root", "samples"),
    [
        ("kinect20", 20, 0, {0: "hip center", 2: "shoulder center", 8: "right shoulder", 19: "right foot"}),
        ("utd20", 20, 3, {0: "head", 1: "shoulder center", 3: "hip center", 4: "left shoulder", 16: "right hip"}),
        ("coco17", 17, 0, {0: "nose", 3: "left ear", 6: "right shoulder", 9: "left wrist", 16: "right ankle"}),
        ("openpose18", 18, 1, {1: "neck", 2: "right shoulder", 7: "left wrist", 8: "right hip", 17: "left ear"}),
        ("openpose25", 25, 8, {5: "left shoulder", 8: "mid hip", 12: "left hip", 15: "right eye", 24: "right heel"}),
        ("mediapipe33", 33, 0, {7: "left ear", 15: "left wrist", 23: "left hip", 32: "right foot index"}),
        ("smpl22", 22, 0, {3: "spine1", 9: "spine3", 15: "head", 16: "left shoulder", 21: "right wrist"}),
        ("smpl24", 24, 0, {5: "right knee", 12: "neck", 14: "right collar", 22: "left hand", 23: "right hand"}),
    ],
)  # fmt: skip
def test_each_sensor_has_its_joints_in_their_order(name, count, root, samples):
    layout = LAYOUTS[name]
    assert (layout.name, layout.joint_count, layout.root) == (name, count, root)
    assert {joint: layout.joint_names[joint] for joint in samples} == samples


def test_kinect20_is_what_msr_action3d_and_nw_ucla_are_recorded_in(shared_data):

    for name in ("msr_action3d", "nw_ucla"):
        with np.load(shared_data / f"{name}.npz") as clips:
            assert tuple(joint.replace("_", " ") for joint in clips["joint_names"]) == KINECT20.joint_names


def test_utd20_names_joints_where_a_standing_body_has_them(shared_data):
    """Kinect's axes, and performers that face it: y up, and x from the performer's left to the right."""

    from scipy.io import loadmat

    with zipfile.ZipFile(shared_data / "utd_mhad" / "Skeleton.zip") as archive:
        clips = [loadmat(io.BytesIO(archive.read(f"Skeleton/a27_s{s}_t1_skeleton.mat")))["d_skel"] for s in range(1, 9)]
    positions = np.median(np.concatenate([clip[..., :10] for clip in clips], axis=-1), axis=-1)
    x, y, _ = ({name: positions[joint, axis] for joint, name in enumerate(UTD20.joint_names)} for axis in range(3))
    downwards = ["head", "shoulder center", "left shoulder", "left elbow", "left hip", "left knee", "left ankle"]
    assert sorted(downwards, key=y.get, reverse=True) == downwards
    assert y["shoulder center"] > y["spine"] > y["hip center"] > y["left hip"]
    assert y["left wrist"] > y["left hand"]
    for left, right in UTD20.left_right:
        assert x[UTD20.joint_names[left]] < x[UTD20.joint_names[right]]


@every_layout
def test_left_and_right_swap_in_the_mirror(layout):
    for joint, other in enumerate(layout.mirror):
        name = layout.joint_names[joint]
        mirrored = name.replace("left", "LEFT").replace("right", "left").replace("LEFT", "right")
        assert layout.joint_names[other] == mirrored


@every_layout
def test_mirror_keeps_the_bones(layout):
    order = layout.mirror
    assert {(order[child], order[parent]) for child, parent in layout.bones} == set(layout.bones)


@every_layout
def test_every_joint_hangs_on_the_root(layout):
    parents = dict(layout.bones)
    for joint in range(layout.joint_count):
        for _ in range(layout.joint_count):
            joint = parents.get(joint, joint)
        assert joint == layout.root


@every_layout
def test_another_root_keeps_the_bones_but_turns_some(layout):
    for root in range(layout.joint_count):
        turned = layout.rooted_at(root)
        assert turned.root == root
        assert {frozenset(bone) for bone in turned.bones} == {frozenset(bone) for bone in layout.bones}
    assert set(layout.rooted_at(layout.root).bones) == set(layout.bones)


def test_a_root_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match="one of the 25 joints of 'ntu25', not 25"):
        NTU25.rooted_at(25)


def test_a_joint_without_a_bone_is_refused():
    with pytest.raises(DataError, match=r"every joint but the root \(0\) must be the child of one bone"):
        Layout(name="broken", joint_names=("a", "b", "c"), bones=((1, 0),), left_right=(), root=0)


@pytest.mark.parametrize("bones", [((1, 2), (2, 1)), ((1, 0), (2, 7))])
def test_bones_that_do_not_lead_to_the_root_are_refused(bones):
    with pytest.raises(DataError, match=r"every joint must hang on the root \(0\), but \[.*2\] do not"):
        Layout(name="broken", joint_names=("a", "b", "c"), bones=bones, left_right=(), root=0)
