import pytest

from gzssar.errors import DataError
from gzssar.skeletons.layout import LAYOUTS, NTU25, Layout


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


def test_left_and_right_swap_in_the_mirror():
    for joint, other in enumerate(NTU25.mirror):
        name = NTU25.joint_names[joint]
        mirrored = name.replace("left", "LEFT").replace("right", "left").replace("LEFT", "right")
        assert NTU25.joint_names[other] == mirrored


def test_mirror_keeps_the_bones():
    order = NTU25.mirror
    assert {(order[child], order[parent]) for child, parent in NTU25.bones} == set(NTU25.bones)


def test_every_joint_hangs_on_the_root():
    parents = dict(NTU25.bones)
    for joint in range(NTU25.joint_count):
        for _ in range(NTU25.joint_count):
            joint = parents.get(joint, joint)
        assert joint == NTU25.root


def test_a_joint_without_a_bone_is_refused():
    with pytest.raises(DataError, match=r"every joint but the root \(0\) must be the child of one bone"):
        Layout(name="broken", joint_names=("a", "b", "c"), bones=((1, 0),), left_right=(), root=0)
