import numpy as np
import pytest
from reader_files import BODY, bvh_text, first

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.layout import LAYOUTS
from gzssar.skeletons.readers.bvh import BvhReader
from gzssar.skeletons.readers.reader import START, Reader, ReadOptions

READER = BvhReader()


@pytest.fixture
def read(tmp_path):
    """Write a text and read the clip."""

    def write_and_read(text, **options):
        (tmp_path / "clip.bvh").write_text(text)
        return first(READER, tmp_path / "clip.bvh", ReadOptions(**options))

    return write_and_read


def place(clip, joint, frame=0):
    return clip.joints[:, frame, LAYOUTS["smpl22"].joint_names.index(joint), 0].tolist()


def codes(clip):
    return [doubt.code for doubt in clip.doubts]


def without(*joints, body=BODY):
    """A body without some joints that nothing hangs on."""
    return ",".join(joint for joint in body.split(",") if joint.split()[0] not in joints)


def scaled_text(scale):
    """Somebody at rest, in another unit than centimetres."""
    body = ",".join(
        " ".join([*joint.split()[:2], *(str(float(number) * scale) for number in joint.split()[2:])])
        for joint in BODY.split(",")
    )
    return bvh_text([{("Hips", "Yposition"): 90 * scale}], body=body)


def near(*position):
    return pytest.approx(position, abs=1e-6)


def test_it_is_a_reader():
    assert isinstance(READER, Reader)


def test_a_pose_of_rest_sums_the_offsets(read):
    clip = read(bvh_text([{}, {}]))
    assert clip.joints.shape == (3, 2, 22, 1)
    assert (clip.layout.name, clip.name, clip.label) == ("smpl22", "clip.bvh", None)
    assert clip.fps == pytest.approx(25)
    assert place(clip, "pelvis") == near(0, 0.90, 0)
    assert place(clip, "head", 1) == near(0, 1.49, 0)
    assert place(clip, "left wrist") == near(0.69, 1.34, 0)
    assert place(clip, "right foot") == near(-0.09, -0.01, 0.14)
    assert [place(clip, f"spine{number}")[1] for number in (1, 2, 3)] == near(1.00, 1.12, 1.24)


def test_channels_turn_all_that_hangs_on_a_joint(read):
    raised = {("LeftArm", "Zrotation"): 90}
    bent = {("LeftArm", "Zrotation"): 90, ("LeftForeArm", "Zrotation"): 90}
    turned = {("Hips", "Yrotation"): 90, ("Hips", "Xposition"): 100}
    both = {("Hips", "Yrotation"): 90, ("LeftArm", "Zrotation"): 90}
    clip = read(bvh_text([raised, bent, turned, both]))
    assert place(clip, "left wrist", 0) == near(0.16, 1.87, 0)
    assert place(clip, "left wrist", 1) == near(-0.09, 1.62, 0)
    assert place(clip, "left wrist", 2) == near(1, 1.34, -0.69)
    assert place(clip, "left wrist", 3) == near(0, 1.87, -0.16)
    assert place(clip, "right wrist", 0) == near(-0.69, 1.34, 0)


@pytest.mark.parametrize(("rotations", "wrist"), [("YZX", (0.16, 1.34, -0.53)), ("XZY", (0.16, 1.87, 0))])
def test_rotations_apply_in_the_order_of_the_channels(read, rotations, wrist):
    pose = {("LeftArm", "Yrotation"): 90, ("LeftArm", "Xrotation"): 90}
    assert place(read(bvh_text([pose], rotations=rotations)), "left wrist") == near(*wrist)


def test_positions_take_the_place_of_offsets(read):
    text = bvh_text().replace("OFFSET 0 90 0", "OFFSET 0 500 0")
    assert place(read(text), "pelvis") == near(0, 0.90, 0)


@pytest.mark.parametrize("scale", [0.01, 0.45 / 2.54])
def test_the_unit_is_told_by_the_size_of_the_body(read, scale):
    clip = read(scaled_text(scale))
    np.testing.assert_allclose(clip.joints, read(bvh_text()).joints, atol=1e-6)
    assert codes(clip) == []


@pytest.mark.parametrize(
    ("per_metre", "unit", "name"),
    [(1000, "mm", "millimetres"), (1 / 0.0254, "in", "inches"), (1 / 0.3048, "ft", "feet")],
)
def test_an_unusual_unit_is_told_by_the_size_of_the_body_and_said(read, per_metre, unit, name):
    text = scaled_text(per_metre / 100)
    clip = read(text)
    np.testing.assert_allclose(clip.joints, read(bvh_text()).joints, atol=1e-6)
    assert codes(clip) == ["unit-assumed"]
    assert f"the size of its body suggests {name}: name the unit with --unit" in clip.doubts[0].sentence
    named = read(text, unit=unit)
    np.testing.assert_array_equal(named.joints, clip.joints)
    assert codes(named) == []


def test_a_named_unit_must_be_possible(read):
    assert place(read(bvh_text(), unit="cm"), "head") == near(0, 1.49, 0)
    assert place(read(scaled_text(0.5), unit="cm"), "head") == near(0, 0.745, 0)  # smaller than a unit is guessed for
    with pytest.raises(ConfigError, match=r"clip\.bvh should be in .* name, m, but then its body measures 151 m from"):
        read(bvh_text(), unit="m")
    with pytest.raises(ConfigError, match="the unit should be one of m, cm, mm, in, ft, but it is 'inch'") as caught:
        read(bvh_text(), unit="inch")
    assert caught.value.option == "unit"


def test_a_size_that_no_unit_explains_is_refused(read):
    body = BODY.replace(" 0 -42 0", " 0 -420 0")
    with pytest.raises(
        DataError, match=r"clip\.bvh should be in metres, .* its body measures 528.8, and a person 1 to"
    ):
        read(bvh_text(body=body))


ROLES = (
    *("Hips", "Spine", "Spine1", "Spine2", "Neck", "Head", "LeftShoulder", "LeftArm", "LeftForeArm", "LeftHand"),
    *("LeftUpLeg", "LeftLeg", "LeftFoot", "LeftToeBase"),
)
CONVENTIONS = {
    "Xsens": "Hips Chest Chest2 Chest3 Neck Head {}Collar {}Shoulder {}Elbow {}Wrist {}Hip {}Knee {}Ankle {}Toe",
    "Rokoko": "Hips Spine1 Spine2 Spine3 Neck Head {}Shoulder {}Arm {}ForeArm {}Hand {}Thigh {}Shin {}Foot {}Toe",
    "Blender": "hips spine chest chest.001 neck head shoulder.{l} upper_arm.{l} forearm.{l} hand.{l} thigh.{l} "
    "shin.{l} foot.{l} toe.{l}",
    "short": "Hip Spine Chest Chest2 Neck Head Shoulder_{l} Arm_{l} ForeArm_{l} Hand_{l} UpLeg_{l} Leg_{l} Foot_{l} "
    "Toe_{l}",
    "VRM": "J_Bip_C_Hips J_Bip_C_Spine J_Bip_C_Chest J_Bip_C_UpperChest J_Bip_C_Neck J_Bip_C_Head J_Bip_{l}_Shoulder "
    "J_Bip_{l}_UpperArm J_Bip_{l}_LowerArm J_Bip_{l}_Hand J_Bip_{l}_UpperLeg J_Bip_{l}_LowerLeg J_Bip_{l}_Foot "
    "J_Bip_{l}_ToeBase",
    "SMPL": "Pelvis Spine1 Spine2 Spine3 Neck Head {l}_Collar {l}_Shoulder {l}_Elbow {l}_Wrist {l}_Hip {l}_Knee "
    "{l}_Ankle {l}_Foot",
    "SMPL in words": "pelvis spine1 spine2 spine3 neck head {left}_collar {left}_shoulder {left}_elbow {left}_wrist "
    "{left}_hip {left}_knee {left}_ankle {left}_foot",
    "SMPL in Maya": "m_avg_Pelvis m_avg_Spine1 m_avg_Spine2 m_avg_Spine3 m_avg_Neck m_avg_Head m_avg_{l}_Collar "
    "m_avg_{l}_Shoulder m_avg_{l}_Elbow m_avg_{l}_Wrist m_avg_{l}_Hip m_avg_{l}_Knee m_avg_{l}_Ankle m_avg_{l}_Foot",
    "Biped": "Bip01~Pelvis Bip01~Spine Bip01~Spine1 Bip01~Spine2 Bip01~Neck Bip01~Head Bip01~{l}~Clavicle "
    "Bip01~{l}~UpperArm Bip01~{l}~Forearm Bip01~{l}~Hand Bip01~{l}~Thigh Bip01~{l}~Calf Bip01~{l}~Foot Bip01~{l}~Toe0",
    "Bandai-Namco": "Hips Spine Chest Chest1 Neck Head Shoulder_{l} UpperArm_{l} LowerArm_{l} Hand_{l} UpperLeg_{l} "
    "LowerLeg_{l} Foot_{l} Toes_{l}",
    "Unreal": "pelvis spine_01 spine_02 spine_03 neck_01 head clavicle_{l} upperarm_{l} lowerarm_{l} hand_{l} "
    "thigh_{l} calf_{l} foot_{l} ball_{l}",
    "Acclaim": "Hips lowerback upperback thorax lowerneck head {s}clavicle {s}humerus {s}radius {s}wrist "
    "{s}femur {s}tibia {s}foot {s}toes",
    "Mixamo in Blender": " ".join(f"mixamorig9_{role}".replace("Left", "{}") for role in ROLES),
    "namespace": " ".join(f"Actor|x:{role}".replace("Left", "{}") for role in ROLES),
    "small letters": " ".join(role.replace("Left", "{}") for role in ROLES).lower(),
    "old game": "Hips Spine Spine1 Spine2 Neck Head {}~shoulder {}~arm {}~elbow {}~wrist {}~leg {}~knee "
    "{}~ankle {}~toe",
}


def renamed(text, names):
    """The same file with the names of another program."""
    for side, short in (("Left", "L"), ("Right", "R")):
        words = names.format(*[side] * 30, l=short, left=side.lower(), s=short.lower()).split()
        for ours, theirs in zip(ROLES, words, strict=True):
            ours = ours.replace("Left", side)
            text = text.replace(f"ROOT {ours}\n", f"ROOT {theirs}\n").replace(f"JOINT {ours}\n", f"JOINT {theirs}\n")
    return text.replace("~", " ")


@pytest.mark.parametrize("names", CONVENTIONS.values(), ids=CONVENTIONS)
def test_names_of_many_programs_are_known(read, names):
    poses = [{("LeftArm", "Zrotation"): 90, ("RightLeg", "Xrotation"): 30}]
    text = renamed(bvh_text(poses), names)
    assert text != bvh_text(poses) or names.split()[0] == "Hips"
    clip = read(text)
    np.testing.assert_array_equal(clip.joints, read(bvh_text(poses)).joints)
    assert codes(clip) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("Hips", "mixamorig:Hips"), ("Left", "mixamorig:Left"), ("LeftToeBase", "LeftToe"), ("UpLeg", "_up_leg")],
)
def test_other_spellings_of_names_are_known(read, old, new):
    np.testing.assert_array_equal(read(bvh_text().replace(old, new)).joints, read(bvh_text()).joints)


def test_fingers_and_helpers_are_no_limbs(read):
    extra = "".join(
        f", {side}Hand{finger}{number} {side}Hand 1 {number} 0"
        for side in ("Left", "Right")
        for finger in ("Index", "Thumb", "Ring")
        for number in (1, 2, 3)
    )
    body = BODY + extra + ", LeftArmTwist LeftArm 1 0 0, LeftUpLegRoll LeftUpLeg 1 0 0, HeadTop_End Head 0 9 0"
    np.testing.assert_array_equal(read(bvh_text(body=body)).joints, read(bvh_text()).joints)


def test_what_a_file_lacks_is_estimated_and_said(read):
    body = BODY.replace("Neck Spine2 0 15 0, Head Neck 0 10 0", "Head Spine2 0 25 0")
    body = body.replace("LeftShoulder Spine2 4 10 0, LeftArm LeftShoulder 12 0 0", "LeftArm Spine2 16 10 0")
    body = without("LeftToeBase", body=body)
    clip = read(bvh_text(body=body).replace("OFFSET 0 5 0", "OFFSET 0 -5 12"))
    assert place(clip, "left shoulder") == near(0.16, 1.34, 0)
    assert place(clip, "neck") == near(0, (2 * 1.34 + 1.49) / 3, 0)
    assert place(clip, "left collar") == near(0.08, (1.39 + 1.34) / 2, 0)
    assert place(clip, "left foot") == near(0.09, -0.01, 0.12)  # the end of the foot
    (doubt,) = clip.doubts
    assert doubt.code == "joints-estimated"
    assert doubt.sentence.startswith("The file lacks neck, left collar, left foot:")


@pytest.mark.parametrize("end", ["0 0 0", "0 5 0", "0 30 1"])
def test_a_foot_that_ends_in_itself_or_in_the_shin_is_its_ankle(read, end):
    text = bvh_text(body=without("LeftToeBase")).replace("OFFSET 0 5 0", f"OFFSET {end}")
    assert place(read(text), "left foot") == place(read(text), "left ankle") == near(0.09, 0.04, 0)


@pytest.mark.parametrize(
    ("spine", "heights"),
    [
        ("Spine Hips 0 24 0, Neck Spine 0 25 0", (1.02, 1.14, 1.265)),
        ("Neck Hips 0 49 0", (0.90 + 0.49 / 4, 0.90 + 0.49 / 2, 0.90 + 3 * 0.49 / 4)),
    ],
)
def test_a_short_spine_is_estimated(read, spine, heights):
    old = "Spine Hips 0 10 0, Spine1 Spine 0 12 0, Spine2 Spine1 0 12 0, Neck Spine2 0 15 0"
    top = spine.split()[0]
    body = BODY.replace(old, spine).replace("Shoulder Spine2", f"Shoulder {top}")
    clip = read(bvh_text(body=body))
    assert [place(clip, f"spine{number}")[1] for number in (1, 2, 3)] == near(*heights)
    assert codes(clip) == ["joints-estimated"]


def test_a_clip_with_z_up_is_turned_and_says_so(read):
    swapped = ",".join(
        " ".join([*(words := joint.split())[:2], words[2], str(-float(words[4])), words[3]])
        for joint in BODY.split(",")
    )
    text = bvh_text([{("Hips", "Yposition"): 0, ("Hips", "Zposition"): 90}], body=swapped)
    clip = read(text)
    np.testing.assert_allclose(clip.joints, read(bvh_text([{("Hips", "Yposition"): 90}])).joints, atol=1e-6)
    assert codes(clip) == ["z-is-up"]


def second_person(text, x):
    """The same person once more, in a tree of their own, `x` centimetres aside."""
    hierarchy, motion = text.removeprefix("HIERARCHY\n").split("MOTION\n")
    lines = motion.splitlines()
    rows = [f"{row} {x}{row.removeprefix('0')}" for row in lines[2:]]
    return "\n".join(["HIERARCHY", hierarchy + hierarchy.rstrip("\n"), "MOTION", *lines[:2], *rows]) + "\n"


def test_two_trees_are_two_people(read):
    alone, clip = read(bvh_text([{}, {}])), read(second_person(bvh_text([{}, {}]), 200))
    assert clip.joints.shape == (3, 2, 22, 2)
    np.testing.assert_array_equal(clip.joints[..., 0], alone.joints[..., 0])
    np.testing.assert_allclose(
        clip.joints[..., 1] - clip.joints[..., 0], np.array([2, 0, 0])[:, None, None] * np.ones((3, 2, 22)), atol=1e-6
    )


def test_estimates_of_all_people_are_said(read):
    text = bvh_text([{}])
    whole, lacking = second_person(text, 200), "\nJOINT RightToeBase\n"
    at = whole.rindex(lacking)
    clip = read(whole[:at] + "\nJOINT Sole\n" + whole[at + len(lacking) :])
    assert [doubt.sentence[:27] for doubt in clip.doubts] == ["The file lacks right foot: "]


def test_a_body_that_cannot_move_is_refused(read):
    text = bvh_text([{}]).replace("CHANNELS 3 Zrotation Xrotation Yrotation", "CHANNELS 0")
    with pytest.raises(DataError, match="should have 22 channels or more for 1 bodies, but it has 6"):
        read(text)


def test_two_branches_of_one_tree_are_two_people(read):
    def of(actor, x):
        joints = (joint.split() for joint in BODY.split(","))
        return ",".join(
            f"{actor}_{name} {'Scene' if parent == '-' else f'{actor}_{parent}'} {x if parent == '-' else offset[0]} "
            + " ".join(offset[1:])
            for name, parent, *offset in joints
        )

    clip = read(bvh_text([{("Scene", "Yposition"): 0}], body=f"Scene - 0 0 0,{of('Ann', 0)},{of('Bob', 150)}"))
    assert clip.joints.shape == (3, 1, 22, 2)
    assert clip.joints[:, 0, 15, 0].tolist() == near(0, 1.49, 0)
    assert clip.joints[:, 0, 15, 1].tolist() == near(1.5, 1.49, 0)


def test_a_crowd_of_people_is_refused(read):
    body = BODY + "".join(f", Person{n} Head 0 1 0" for n in range(2))
    assert read(bvh_text(body=body))
    crowd = "Scene - 0 0 0" + "".join(f", x{n}:Hips Scene 0 1 0" for n in range(21))
    with pytest.raises(DataError, match="should hold at most 20 people, but it has 21 pelvises"):
        read(bvh_text([{("Scene", "Yposition"): 0}], body=crowd))


def test_names_that_contradict_the_tree_are_refused(read):
    swapped = bvh_text().replace("LeftLeg", "LeftOther").replace("LeftFoot", "LeftLeg").replace("LeftOther", "LeftFoot")
    with pytest.raises(
        DataError, match="should have the left ankle below the left knee, but 'LeftFoot' does not hang on 'LeftLeg'"
    ):
        read(swapped)


@pytest.mark.parametrize(("stated", "cut"), [("1", False), ("3", False), ("1000000000000", False), ("0", False)])
def test_another_number_of_frames_is_read_and_said(read, stated, cut):
    text = bvh_text([{}, {}])
    clip = read(text.replace("Frames: 2", f"Frames: {stated}"))
    np.testing.assert_array_equal(clip.joints, read(text).joints)
    (doubt,) = clip.doubts
    assert doubt.code == "frame-count"
    assert f"states {float(stated):g} frames but holds 2 whole ones; all that are there are read" in doubt.sentence


@pytest.mark.parametrize("end", ["0 0 0\n", "0 0 0", "-", "0." + " 0" * 68])
def test_a_last_row_that_is_cut_off_is_left_out_and_said(read, end):
    text = bvh_text([{}, {}]).replace("Frames: 2", "Frames: 9")
    clip = read(text + end)
    assert clip.joints.shape[1] == 2
    assert codes(clip) == ["frame-count"]
    assert "its last one is cut off and left out" in clip.doubts[0].sentence


def test_a_row_that_is_short_between_others_is_refused(read):
    lines = bvh_text([{}, {}, {}]).splitlines()
    lines[-2] = lines[-2][:20]
    with pytest.raises(DataError, match=rf"line {len(lines) - 1}, should have 69 values of channels, but has"):
        read("\n".join(lines))


def test_long_clips_are_read_block_by_block(read, monkeypatch):
    poses = [{("Hips", "Xposition"): frame} for frame in range(9)]
    whole = read(bvh_text(poses))
    monkeypatch.setattr("gzssar.skeletons.readers.bvh._BLOCK", 2 * 33)
    np.testing.assert_array_equal(read(bvh_text(poses)).joints, whole.joints)
    assert whole.joints[0, :, 0, 0] == pytest.approx(np.arange(9) / 100, abs=1e-6)


@pytest.mark.parametrize("filler", ["word " * 100_000, "ROOT Hips {} " * 50_000, "\n" * 10 + "0 " * 200_000])
def test_endless_lines_are_refused_at_their_beginning(read, filler):
    with pytest.raises(DataError, match=r"clip\.bvh, line \d+, should"):
        read("HIERARCHY\n" + filler)


def test_a_spine_of_two_or_four_joints_is_shared_out(read):
    two = BODY.replace("Spine2 Spine1 0 12 0,", "").replace("Spine2", "Spine1")
    clip = read(bvh_text(body=two))
    assert [place(clip, f"spine{number}")[1] for number in (1, 2, 3)] == near(1.00, 1.06, 1.12)
    four = BODY.replace("Neck Spine2 0 15 0", "Spine3 Spine2 0 8 0, Neck Spine3 0 7 0")
    clip = read(bvh_text(body=four))
    assert [place(clip, f"spine{number}")[1] for number in (1, 2, 3)] == near(1.00, 1.18, 1.32)


def test_spine_joints_that_sit_on_their_parent_are_passed_over(read):
    body = BODY.replace("Spine Hips 0 10 0", "LowerBack Hips 0 0 0, Spine LowerBack 0 10 0")
    np.testing.assert_array_equal(read(bvh_text(body=body)).joints, read(bvh_text()).joints)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("LeftForeArm", "LeftForeArms", "none of its names is known for left elbow: .* LeftElbow, LeftLowerArm"),
        ("ROOT Hips\n", "ROOT Hips\nextra ", r"line 3, should hold '\{', but it holds 'extra'"),
        ("OFFSET 0 10 0", "", "line 30, should hold the OFFSET of joint 'Head' before its end, but it has none"),
        ("OFFSET 0 10 0", "OFFSET 0 10 0\nOFFSET 0 10 0", "line 9, should hold a part of a tree .* holds 'OFFSET'"),
        ("OFFSET 0 10 0", "OFFSET 0 ten 0", "line 8, should hold numbers, but value 2 is 'ten'"),
        ("CHANNELS 6", "CHANNELS 7", "line 5, should hold how many channels follow, 0 to 6, but it holds '7'"),
        ("CHANNELS 6", "CHANNELS 5", "line 5, should hold a part of a tree .* holds 'Yrotation'"),
        ("Xposition", "Wposition", "line 5, should hold channels such as Xposition"),
        ("MOTION", "}\nMOTION", r"should hold MOTION after the end of the tree, but it holds '\}'"),
        ("MOTION", "MOVES", "should hold MOTION after the end of the tree, but it holds 'MOVES'"),
        ("MOTION", "MOTION now", "should hold nothing more, but it holds 'now'"),
        ("}\nMOTION", "MOTION", "should hold a part of a tree of at most 1000 joints, but it holds 'MOTION'"),
        ("Frames: 2", "Frames: two", "value 1 is 'two'"),
        ("Frames: 2", "Frames 2", "should state 'Frames:' and a number"),
        ("Frame Time: 0.04", "Frame Time: 0", "a positive time per frame, but it is 0"),
        ("Frame Time: 0.04", "Frame Time: nan", "a positive time per frame, but it is nan"),
        ("\n0 90 0 ", "\n0 90 ", "should have 69 values of channels, but has 68"),
        ("\n0 90 0 ", "\n0 90 0 0 ", "should have 69 values of channels, but has 70"),
        ("\n0 90 0 ", "\n0 90 x ", "should hold numbers, but value 3 is 'x'"),
        ("\n0 90 0 ", "\n0 90 nan ", "its body measures nan"),
        ("\n0 90 0 ", "\n0 90 1e999 ", "its body measures nan"),
    ],
)
def test_what_is_malformed_is_refused(read, old, new, message):
    text = bvh_text([{}, {}])
    assert old in text
    with pytest.raises(DataError, match=rf"clip\.bvh.* {message}"):
        read(text.replace(old, new))


def test_a_name_that_stands_twice_is_refused(read):
    text = bvh_text(body=BODY + ", Prop Head 0 1 0")
    assert read(text)
    with pytest.raises(
        DataError, match="has 2 that may be the left wrist: 'LeftHand' and 'LeftHand'; rename all but one"
    ):
        read(text.replace("JOINT Prop", "JOINT LeftHand"))


def test_every_cut_before_the_first_frame_is_refused(read):
    lines = bvh_text([{}, {}]).splitlines()
    for end in range(len(lines) - 2):
        with pytest.raises(DataError, match=r"clip\.bvh"):
            read("\n".join(lines[:end]))
    assert codes(read("\n".join(lines[:-1]) + "\n")) == ["frame-count"]


def test_a_clip_without_frames_is_refused(read):
    with pytest.raises(DataError, match=r"should hold frames, but has none \(it states 0\): it is cut off or empty"):
        read(bvh_text([]))


def test_a_crowd_of_joints_is_refused(read):
    body = BODY + "".join(f", Hair{number} Head 0 1 0" for number in range(1000))
    with pytest.raises(DataError, match="part of a tree of at most 1000 joints"):
        read(bvh_text(body=body))


def test_options_must_not_contradict_the_file(read):
    assert read(bvh_text(), layout="smpl22", fps=25.0).fps == pytest.approx(25)
    with pytest.raises(ConfigError, match="layout 'smpl22', but the options name 'smpl24'"):
        read(bvh_text(), layout="smpl24")
    with pytest.raises(ConfigError, match="states 25 frames per second, but the options name 30"):
        read(bvh_text(), fps=30.0)


def test_recognizes_hierarchies_only(tmp_path):
    assert READER.recognizes(tmp_path, bvh_text().encode()[:START])
    assert READER.recognizes(tmp_path, b"\xef\xbb\xbf\r\nHIERARCHY\r\n")
    assert not READER.recognizes(tmp_path, b"1,2,3")
