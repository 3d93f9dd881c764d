from pathlib import Path

import pytest

from gzssar.errors import DataError
from gzssar.skeletons.readers.joint_names import find_joints, fitting

FILE = Path("clip.bvh")


def found(*names):
    return {joint: names[index] for joint, index in find_joints(names, FILE).items()}


def test_a_name_of_two_joints_is_the_upper_ones_unless_that_has_its_own():
    assert found("LeftShoulder", "LeftElbow") == {"left shoulder": "LeftShoulder", "left elbow": "LeftElbow"}
    assert found("LeftShoulder", "LeftArm") == {"left shoulder": "LeftArm", "left collar": "LeftShoulder"}
    assert found("LeftCollar", "LeftShoulder") == {"left shoulder": "LeftShoulder", "left collar": "LeftCollar"}
    assert found("RightLeg", "RightUpLeg") == {"right hip": "RightUpLeg", "right knee": "RightLeg"}
    assert found("RightLeg", "RightKnee") == {"right hip": "RightLeg", "right knee": "RightKnee"}
    assert found("L_Foot") == {"left ankle": "L_Foot"}
    assert found("L_Foot", "L_Ankle") == {"left ankle": "L_Ankle", "left foot": "L_Foot"}
    assert found("hand.R", "wrist.R") == {"right wrist": "wrist.R"}


def test_abbreviations_and_kinects_names_are_known():
    assert found("SpineBase", "l_shank", "l_larm", "LUArm", "RFArm") == {
        "pelvis": "SpineBase",
        "left knee": "l_shank",
        "left elbow": "l_larm",
        "left shoulder": "LUArm",
        "right elbow": "RFArm",
    }


@pytest.mark.parametrize(
    "name", ["LeftElbow", "L_Elbow", "elbow.L", "Elbow_Left", "lElbow", "LElbow", "lelbow", "elbowl"]
)
def test_the_side_stands_anywhere(name):
    assert found(name) == {"left elbow": name}


@pytest.mark.parametrize(
    "name", ["L5", "LeftRightElbow", "Elbow", "LeftElbowTwist", "collar", "LowerBack", "LeftHandIndex1", "左肘", ""]
)
def test_other_names_are_no_joints(name):
    assert found(name) == {}


def test_words_before_all_names_are_left_out_but_no_parts_of_the_body():
    limbs = [f"{side}_{joint}" for side in "lr" for joint in ("thigh", "calf", "foot", "upperarm", "lowerarm", "hand")]
    assert set(found(*(f"Hero12 x {limb}" for limb in limbs)).values()) == {f"Hero12 x {limb}" for limb in limbs}
    fingers = [f"Hand_{finger}_{side}" for finger in range(10) for side in "LR"]
    assert found("Hand_L", *fingers) == {"left wrist": "Hand_L"}


def test_two_names_for_one_joint_are_refused():
    with pytest.raises(
        DataError, match=r"^clip.bvh should have .* 2 that may be the left knee: 'LeftKnee' and 'knee.L'"
    ):
        found("LeftKnee", "knee.L")


def test_names_that_may_be_a_pelvis():
    assert fitting(["Root", "Hips", "LeftHip", "x:pelvis", "MidHip", "C_Hip"], "pelvis") == [1, 3, 4, 5]
