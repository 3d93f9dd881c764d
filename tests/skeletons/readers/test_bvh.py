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
    body = ",".join(
        " ".join([*joint.split()[:2], *(str(float(number) * scale) for number in joint.split()[2:])])
        for joint in BODY.split(",")
    )
    text = bvh_text([{("Hips", "Yposition"): 90 * scale}], body=body)
    np.testing.assert_allclose(read(text).joints, read(bvh_text()).joints, atol=1e-6)


def test_an_unknown_unit_is_refused(read):
    body = BODY.replace(" 0 -42 0", " 0 -420 0")
    with pytest.raises(
        DataError, match=r"clip\.bvh should be in metres, .* its body measures 528.8, and a person 1 to"
    ):
        read(bvh_text(body=body))


@pytest.mark.parametrize(
    ("old", "new"),
    [("Hips", "mixamorig:Hips"), ("Left", "mixamorig:Left"), ("LeftToeBase", "LeftToe"), ("UpLeg", "_up_leg")],
)
def test_other_spellings_of_names_are_known(read, old, new):
    np.testing.assert_array_equal(read(bvh_text().replace(old, new)).joints, read(bvh_text()).joints)


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
        ("LeftForeArm", "LeftElbow", "should name its joints as Mixamo or CMU do, but it lacks LeftForeArm"),
        ("OFFSET 0 12 0", "OFFSET 0 0 0", "at least two spine joints between Hips and Neck, but it has 1"),
        ("ROOT Hips", "ROOT Hips extra", r"line 2, should hold '\{', but it holds 'extra'"),
        ("OFFSET 0 10 0", "OFFSET 0 ten 0", "line 8, should hold numbers, but value 2 is 'ten'"),
        ("CHANNELS 6", "CHANNELS 7", "line 5, should hold how many channels follow, 0 to 6, but it holds '7'"),
        ("CHANNELS 6", "CHANNELS 5", "line 5, should hold a part of a tree .* holds 'Yrotation'"),
        ("Xposition", "Wposition", "line 5, should hold channels such as Xposition"),
        ("MOTION", "}\nMOTION", "should hold the end of a single tree of joints"),
        ("MOTION", "MOVES", "should hold the end of a single tree of joints, but more follows"),
        ("}\nMOTION", "MOTION", "should hold more of the hierarchy, but the file ends or MOTION begins"),
        ("Frames: 2", "Frames: 3", "states 3 frames, but 2 follow"),
        ("Frames: 2", "Frames: 1000000000000", r"states 1e\+12 frames, but 2 follow"),
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
    with pytest.raises(DataError, match=r"clip\.bvh should have one body, but it has several joints called LeftHand"):
        read(text.replace("JOINT Prop", "JOINT LeftHand"))


def test_every_cut_is_refused(read):
    lines = bvh_text([{}, {}]).splitlines()
    for end in range(len(lines)):
        with pytest.raises(DataError, match=r"clip\.bvh"):
            read("\n".join(lines[:end]))


def test_a_clip_without_frames_is_refused(read):
    with pytest.raises(DataError, match="states 0 frames, but 0 follow: the file is cut off or empty"):
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
