import codecs
import itertools
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from reader_files import csv_bytes, first, long_table_bytes, table_bytes, walk

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.layout import LAYOUTS, MEDIAPIPE33
from gzssar.skeletons.readers.reader import START, Reader, ReadOptions
from gzssar.skeletons.readers.table import CsvReader

CSV = CsvReader()


@pytest.fixture
def read(tmp_path):
    """Write bytes and read the clip, in layout ntu25 unless told otherwise."""

    def write_and_read(reader, data, **options):
        (tmp_path / "clip").write_bytes(data)
        return first(reader, tmp_path / "clip", ReadOptions(**({"layout": "ntu25"} | options)))

    return write_and_read


def header(layout="ntu25", axes="xyz"):
    names = (f"{joint.replace(' ', '_')}_{axis}" for joint in LAYOUTS[layout].joint_names for axis in axes)
    return ",".join(names).encode() + b"\n"


def test_it_is_a_reader():
    assert isinstance(CSV, Reader)


@pytest.mark.parametrize(
    "top", [b"", b"\xef\xbb\xbf", b"\n\r\n", b"\n" + header(), header(), b",".join([b"column"] * 75) + b"\r\n"]
)
def test_a_table_has_a_row_per_frame(read, top):
    clip = read(CSV, top + csv_bytes(walk(4, 25)) + b"\n\n")
    np.testing.assert_allclose(clip.joints[..., 0], walk(4, 25).transpose(2, 0, 1).astype(np.float32))
    assert (clip.fps, clip.label, clip.name) == (30, None, "clip")


def test_without_z_a_table_holds_pixels(read):
    clip = read(CSV, header("coco17", "xy") + csv_bytes(walk(3, 17, 2)), layout="coco17", fps=25.0)
    assert (clip.joints.shape, clip.fps) == ((2, 3, 17, 1), 25)
    assert clip.joints[:, 1, 16, 0].tolist() == pytest.approx([116, 116.1])


def test_the_layout_has_to_be_named(read):
    with pytest.raises(ConfigError, match=r"its joint layout: name the layout, one of ntu25, .*coco17"):
        read(CSV, csv_bytes(walk(2, 25)), layout=None)
    with pytest.raises(ConfigError, match=r"the layout should be one of ntu25, .*but it is 'ntu'"):
        read(CSV, csv_bytes(walk(2, 25)), layout="ntu")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "a row of numbers for every frame, but has none"),
        (header(), "a row of numbers for every frame, but has none"),
        (csv_bytes(walk(2, 20)), r"line 1, should have 75 numbers .* or 50 .* 'ntu25', but has 60"),
        (header() + csv_bytes(walk(2, 20)), "line 2, should have 75 numbers"),
        (csv_bytes(walk(3, 25))[:-10], "line 3, should have 75 numbers as the first row has, but has 7"),
        (csv_bytes(walk(3, 25)) + b"1,2\n", "line 4, should have 75 numbers as the first row has, but has 2"),
        (csv_bytes(walk(3, 25)).replace(b"\n", b"\n\n"), "line 2, should have 75 numbers"),
        (csv_bytes(walk(3, 25)).replace(b",101.2,", b",abc,"), "line 2, should hold numbers, but value 6 is 'abc'"),
        (csv_bytes(walk(1, 25)).replace(b",1.2,", b",abc,"), "line 1, should hold numbers, but value 6 is 'abc'"),
        (csv_bytes(walk(3, 25)).replace(b",101.2,", b",,"), "1 of 225 coordinates are NaN or infinite: fill the gaps"),
        (csv_bytes(walk(3, 25)).replace(b",101.2,", b",inf,"), "1 of 225 coordinates are NaN or infinite"),
        (csv_bytes(walk(3, 25)) + b"\xff", "text in UTF-8"),
    ],
)
def test_malformed_tables_are_refused(read, data, message):
    with pytest.raises(DataError, match=rf"clip.* {message}"):
        read(CSV, data)


def test_gaps_are_filled_on_request(read):
    whole = csv_bytes(walk(3, 25))
    gappy = whole.replace(b",101.2,", b",,").replace(b",102.1,", b",nan,")
    np.testing.assert_allclose(read(CSV, gappy, fill_gaps=True).joints, read(CSV, whole).joints, rtol=1e-6)


def pose(frames=4):
    """MediaPipe's joints in metres with y up, T 33 3."""
    clip = walk(frames, 33) / 100
    clip[:, 0, 1] += 3  # the nose over the hips
    return clip


def columns(joints, axes="xyz", form="{joint}_{axis}"):
    return [form.format(joint=joint.replace(" ", "_"), axis=axis) for joint in joints for axis in axes]


def rows(clip):
    """T V C as rows of text."""
    return [[f"{number:.5f}" for number in frame.ravel()] for frame in clip]


def counted(clip):
    """T V C as rows of text that begin with the number of the frame."""
    return [[str(frame), *row] for frame, row in enumerate(rows(clip))]


def codes(clip):
    return [doubt.code for doubt in clip.doubts]


def check(clip, expected):
    np.testing.assert_allclose(clip.joints[..., 0], expected.transpose(2, 0, 1), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "form", ["{joint}_{axis}", "{axis}_{joint}", "{joint}.{axis}", "pose_{joint}_{axis}", '"{joint} {axis} (m)"']
)
@pytest.mark.parametrize("axes", ["xyz", "zyx", "yxz"])
def test_the_header_states_joints_and_axes_in_any_order(read, form, axes):
    order = np.random.default_rng(0).permutation(33)
    names = columns([MEDIAPIPE33.joint_names[joint] for joint in order], axes, form)
    clip = read(CSV, table_bytes(names, rows(pose()[:, order][..., ["xyz".index(axis) for axis in axes]])), layout=None)
    check(clip, pose())
    assert (clip.layout.name, codes(clip)) == ("mediapipe33", ["frame-rate-assumed"])


def test_the_header_states_axis_after_axis(read):
    names = [f"{axis}_{joint}" for axis in "xyz" for joint in LAYOUTS["ntu25"].joint_names]
    check(read(CSV, table_bytes(names, rows(walk(3, 25).swapaxes(1, 2))), layout=None), walk(3, 25))


KINECT2 = """
    SpineBase SpineMid Neck Head ShoulderLeft ElbowLeft WristLeft HandLeft ShoulderRight ElbowRight WristRight HandRight
    HipLeft KneeLeft AnkleLeft FootLeft HipRight KneeRight AnkleRight FootRight SpineShoulder HandTipLeft ThumbLeft
    HandTipRight ThumbRight
"""
OPENPOSE = """
    Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist MidHip RHip RKnee RAnkle LHip LKnee LAnkle REye LEye REar
    LEar LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel
"""
SMPL = """
    Pelvis L_Hip R_Hip Spine1 L_Knee R_Knee Spine2 L_Ankle R_Ankle Spine3 L_Foot R_Foot Neck L_Collar R_Collar Head
    L_Shoulder R_Shoulder L_Elbow R_Elbow L_Wrist R_Wrist L_Hand R_Hand
"""
KINECT1 = """
    HIP_CENTER SPINE SHOULDER_CENTER HEAD SHOULDER_LEFT ELBOW_LEFT WRIST_LEFT HAND_LEFT SHOULDER_RIGHT ELBOW_RIGHT
    WRIST_RIGHT HAND_RIGHT HIP_LEFT KNEE_LEFT ANKLE_LEFT FOOT_LEFT HIP_RIGHT KNEE_RIGHT ANKLE_RIGHT FOOT_RIGHT
"""


@pytest.mark.parametrize("form", ["{joint}_{axis}", "{joint}{axis}"])
@pytest.mark.parametrize(
    ("names", "layout"), [(KINECT2, "ntu25"), (OPENPOSE, "openpose25"), (SMPL, "smpl24"), (KINECT1, "kinect20")]
)
def test_names_tell_the_layout(read, names, layout, form):
    table = table_bytes(["frame", *columns(names.split(), form=form)], counted(walk(2, len(names.split()))))
    clip = read(CSV, table, layout=None)
    check(clip, walk(2, len(names.split())))
    assert clip.layout.name == layout
    with pytest.raises(ConfigError, match=f"the joints of layout '{layout}', but the options name 'coco17'"):
        read(CSV, table, layout="coco17")


UNITY = """
    Hips Spine Chest Neck Head LeftShoulder LeftUpperArm LeftLowerArm LeftHand RightShoulder RightUpperArm RightLowerArm
    RightHand LeftUpperLeg LeftLowerLeg LeftFoot LeftToes RightUpperLeg RightLowerLeg RightFoot RightToes
"""
THEIA = """
    pelvis torso head l_uarm l_larm l_hand r_uarm r_larm r_hand l_thigh l_shank l_foot l_toes r_thigh r_shank r_foot
    r_toes
"""
XSENS = """
    Pelvis L5 T8 Neck Head Right_Upper_Arm Right_Forearm Right_Hand Left_Upper_Arm Left_Forearm Left_Hand
    Right_Upper_Leg Right_Lower_Leg Right_Foot Left_Upper_Leg Left_Lower_Leg Left_Foot
"""


@pytest.mark.parametrize(
    ("names", "limbs"),
    [
        (UNITY, ("LeftLowerLeg", "RightUpperArm", "LeftUpperLeg")),
        (UNITY.replace("Right", "mixamorig:Right").replace("Left", "mixamorig:Left"), None),
        (THEIA, ("l_shank", "r_uarm", "l_thigh")),
        (XSENS, ("Left_Lower_Leg", "Right_Upper_Arm", "Left_Upper_Leg")),
    ],
)
def test_names_of_motion_capture_are_known(read, names, limbs):
    joints, clip = names.split(), walk(3, len(names.split()))
    limbs = limbs or ("mixamorig:LeftLowerLeg", "mixamorig:RightUpperArm", "mixamorig:LeftUpperLeg")
    long = [(t, joint, *clip[t, v].tolist()) for t in range(3) for v, joint in enumerate(joints)]
    for table in (table_bytes(columns(joints), rows(clip)), table_bytes(["frame", "joint", *"xyz"], long)):
        read_clip = read(CSV, table, layout=None)
        assert read_clip.layout.name == "openpose25"
        assert codes(read_clip)[:2] == ["frame-rate-assumed", "joints-estimated"]
        for joint, name in zip(("left knee", "right shoulder", "left hip"), limbs, strict=True):
            at = read_clip.layout.joint_names.index(joint)
            np.testing.assert_allclose(read_clip.joints[:, :, at, 0].T, clip[:, joints.index(name)], rtol=1e-6)
        with pytest.raises(ConfigError, match="has markers of layout 'openpose25', but the options name 'ntu25'"):
            read(CSV, table)


def test_an_estimated_joint_is_as_sure_as_its_sources(read):
    joints = UNITY.split()
    numbers = np.concatenate([walk(3, len(joints)), np.full((3, len(joints), 1), 0.75)], axis=2)
    numbers[:, joints.index("RightUpperLeg"), 3] = 0.25
    numbers[:, joints.index("Hips")] = numbers[:, joints.index("Spine")]
    clip = read(CSV, table_bytes(columns([*joints[1:]], ("x", "y", "z", "score")), rows(numbers[:, 1:])), layout=None)
    sure = dict(zip(clip.layout.joint_names, clip.visibility[0, :, 0].tolist(), strict=True))
    assert (sure["left hip"], sure["right hip"], sure["mid hip"]) == (0.75, 0.25, 0.25)


def test_markers_on_the_skin_are_named(read):
    with pytest.raises(ConfigError, match=r"joints that no layout has \('lasi', 'rasi', 'lkne', …\): .*of markers on"):
        read(CSV, table_bytes(columns(["LASI", "RASI", "LKNE", "LANK", "RKNE"]), rows(walk(2, 5))), layout=None)


@pytest.mark.parametrize(
    ("axes", "form", "what"),
    [
        (("rx", "ry", "rz"), "{joint}_{axis}", r"rotations \('base_of_spine_rx', "),
        (("qx", "qy", "qz", "qw"), "{joint}.{axis}", "rotations"),
        ("xyz", "{joint}_rotation_{axis}", "rotations"),
        (("Xrotation", "Yrotation", "Zrotation"), "{joint}_{axis}", "rotations"),
        (("acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z"), "{joint}_{axis}", "accelerations, velocities"),
    ],
)
def test_what_is_no_position_is_refused(read, axes, form, what):
    table = table_bytes(columns(LAYOUTS["ntu25"].joint_names, axes, form), rows(np.ones((2, 25, len(axes)))))
    with pytest.raises(DataError, match=f"should hold positions of joints, but it holds {what}"):
        read(CSV, table)


def test_rotations_beside_positions_are_left_out(read):
    names = columns(LAYOUTS["ntu25"].joint_names, ("posX", "posY", "posZ", "rotX", "rotY", "rotZ"))
    clip = read(CSV, table_bytes(names, rows(np.concatenate([walk(3, 25), np.ones((3, 25, 3))], axis=2))), layout=None)
    check(clip, walk(3, 25))
    assert codes(clip) == ["frame-rate-assumed", "columns-unused"]


def test_layouts_of_the_same_joints_are_named_or_either(read):
    table = table_bytes(columns(LAYOUTS["utd20"].joint_names), rows(walk(2, 20)))
    check(read(CSV, table, layout="utd20"), walk(2, 20))
    clip = read(CSV, table, layout=None)
    assert clip.layout.name == "kinect20"
    assert clip.joints[0, 0, 3, 0] == 0  # the head, which comes first in the table


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("form", ["{axis}{joint}", "joint_{joint}_{axis}", "{joint}_{axis}", "kp{joint}{axis}"])
def test_joints_are_numbered(read, form, first):
    names = columns([str(number) for number in range(first, first + 25)][::-1], form=form)
    check(read(CSV, table_bytes(names, rows(walk(3, 25)[:, ::-1]))), walk(3, 25))


@pytest.mark.parametrize(
    "names",
    [["x", "y", "z"] * 25, ["x", "y", "z", *columns([f".{number}" for number in range(1, 25)], form="{axis}{joint}")]],
)
def test_columns_may_all_be_called_the_same(read, names):
    check(read(CSV, table_bytes(names, rows(walk(3, 25)))), walk(3, 25))


def test_unknown_names_are_taken_in_their_order_and_told(read):
    clip = read(CSV, table_bytes(columns([f"punkt {chr(97 + joint)}q" for joint in range(25)]), rows(walk(3, 25))))
    check(clip, walk(3, 25))
    assert codes(clip) == ["frame-rate-assumed", "joint-names-unknown"]


def test_names_in_millimetres_are_read_in_metres(read):
    table = table_bytes(columns(MEDIAPIPE33.joint_names, form="{joint}_{axis}_mm"), rows(pose() * 1000))
    check(read(CSV, table, layout=None), pose())
    check(read(CSV, csv_bytes(pose() * 100), layout="mediapipe33", unit="cm"), pose())
    with pytest.raises(ConfigError, match="states the unit 'mm', but the options name 'cm'"):
        read(CSV, table, layout=None, unit="cm")


@pytest.mark.parametrize("top", [",".join(map(str, range(75))), "," + ",".join(map(str, range(75))), "a," * 75])
def test_names_that_tell_nothing_are_names_and_told(read, top):
    index = top.startswith(",")
    body = [[str(t), *row] if index else row for t, row in enumerate(rows(walk(3, 25)))]
    clip = read(CSV, table_bytes(top.split(","), body))
    check(clip, walk(3, 25))
    assert codes(clip) == ["frame-rate-assumed", "column-names-unknown"]


@pytest.mark.parametrize("word", ["visibility", "v", "score", "confidence", "likelihood"])
def test_a_visibility_is_taken_as_such(read, word):
    numbers = np.concatenate([pose(), np.full((4, 33, 1), 0.25)], axis=2)
    clip = read(
        CSV,
        table_bytes(columns(range_names(33), ("x", "y", "z", word), "{axis}{joint}"), rows(numbers)),
        layout="mediapipe33",
    )
    check(clip, pose())
    assert (clip.visibility.shape, set(clip.visibility.ravel())) == ((4, 33, 1), {0.25})


def range_names(count):
    return [str(number) for number in range(1, count + 1)]


def test_a_visibility_out_of_range_is_left_out_and_told(read):
    numbers = np.concatenate([pose(), np.full((4, 33, 1), 90)], axis=2)
    table = table_bytes(columns(MEDIAPIPE33.joint_names, ("x", "y", "z", "score")), rows(numbers))
    clip = read(CSV, table, layout=None)
    assert (clip.visibility, codes(clip)) == (None, ["frame-rate-assumed", "visibility-left-out"])


def test_scores_make_a_picture_two_dimensional(read):
    numbers = np.concatenate([walk(3, 17, 2), np.full((3, 17, 1), 0.5)], axis=2)
    for table, layout in (
        (table_bytes(columns(LAYOUTS["coco17"].joint_names, ("x", "y", "score")), rows(numbers)), None),
        (csv_bytes(numbers), "coco17"),
    ):
        clip = read(CSV, table, layout=layout)
        check(clip, walk(3, 17, 2))
        assert (clip.visibility == 0.5).all()


def test_a_depth_that_is_named_is_no_score(read):
    depth = np.concatenate([walk(3, 17, 2), np.full((3, 17, 1), 0.5)], axis=2)
    check(read(CSV, table_bytes(columns(LAYOUTS["coco17"].joint_names), rows(depth)), layout=None), depth)


def test_a_visibility_in_the_place_of_depth_is_refused(read):
    numbers = np.random.default_rng(0).uniform(size=(3, 33, 3))
    table = table_bytes(columns(range_names(33), ("x", "y", "visibility"), "{axis}_{joint}"), rows(numbers))
    with pytest.raises(DataError, match="two coordinates and a visibility of each, and no depth"):
        read(CSV, table, layout="mediapipe33")
    with pytest.raises(DataError, match="the third number lies between 0 and 1 throughout, as a visibility does"):
        read(CSV, csv_bytes(numbers), layout="mediapipe33")


def test_mediapipes_axes_are_turned(read):
    clip = read(CSV, table_bytes(columns(MEDIAPIPE33.joint_names), rows(pose() * [1, -1, -1])), layout=None)
    check(clip, pose())
    assert codes(clip) == ["frame-rate-assumed", "axes-turned"]


def test_shares_of_the_picture_are_told(read):
    shares = np.stack([np.linspace(0.3, 0.6, 33), np.linspace(0.1, 0.9, 33), np.linspace(-0.1, 0.1, 33)], axis=1)
    clip = read(CSV, table_bytes(columns(MEDIAPIPE33.joint_names), rows(shares[None])), layout=None)
    check(clip, shares[None] * [1, -1, -1])
    assert codes(clip) == ["frame-rate-assumed", "shares-of-picture"]


def timed_table(name, stamps):
    body = [[str(stamp), *row] for stamp, row in zip(stamps, rows(pose(len(stamps))), strict=True)]
    return table_bytes([name, *columns(MEDIAPIPE33.joint_names)], body)


@pytest.mark.parametrize(
    ("name", "unit", "doubts"),
    [
        ("time", 1, []),
        ("t", 1, []),
        ("timestamp_ms", 1e-3, []),
        ("TimestampMs", 1e-3, []),
        ("Time (us)", 1e-6, []),
        ("seconds", 1, []),
        ("timestamp", 1e-3, ["time-unit-assumed"]),
        ("time", 1e-6, ["time-unit-assumed"]),
        ("time", 1e-7, ["time-unit-assumed"]),
        ("time", 1e-9, ["time-unit-assumed"]),
    ],
)
def test_a_time_column_gives_times_and_the_frame_rate(read, name, unit, doubts):
    seconds = np.array([10, 10.04, 10.08, 10.2])
    clip = read(CSV, timed_table(name, [f"{second / unit:.6f}" for second in seconds]), layout=None)
    check(clip, pose())
    np.testing.assert_allclose(clip.times, seconds, atol=1e-7)
    assert (clip.fps, codes(clip)) == (pytest.approx(25), doubts)


@pytest.mark.parametrize(
    "note", ["# fps: 60", "# Kinect v2, 60 Hz, metres", "#\n# frame rate (Hz) = 60.0", "#frame_rate=60"]
)
def test_a_comment_may_state_the_frame_rate(read, note):
    data = note.encode() + b"\n" + header() + csv_bytes(walk(3, 25))
    clip = read(CSV, data)
    assert (clip.fps, codes(clip)) == (60, [])
    with pytest.raises(ConfigError, match="states 60 frames per second, but the options name 25"):
        read(CSV, data, fps=25.0)
    assert read(CSV, b"# 3 people\n" + header() + csv_bytes(walk(3, 25))).fps == 30


def test_rounded_times_are_even(read):
    clip = read(CSV, timed_table("ms", [0, 33, 67, 100, 133, 167, 200]), layout=None, fps=30.0)
    assert clip.fps == pytest.approx(30)


def test_a_time_that_counts_is_a_frame(read):
    clip = read(CSV, timed_table("t", [0, 1, 2, 3]), layout=None)
    assert (clip.fps, clip.times, codes(clip)) == (30, None, ["frame-rate-assumed"])


def test_times_that_are_no_numbers_are_told(read):
    clip = read(CSV, timed_table("time", ["12:00:00", "12:00:01"]), layout=None, fps=1.0)
    assert (clip.times, codes(clip)) == (None, ["times-unread"])


def test_times_and_options_agree(read):
    with pytest.raises(ConfigError, match="states 25 frames per second, but the options name 30"):
        read(CSV, timed_table("time", [0, 0.04, 0.08]), layout=None, fps=30.0)


@pytest.mark.parametrize(
    ("name", "stamps", "message"),
    [
        ("time", [0, 0.1, 0.1, 0.2], "'time' does not ascend at row 3"),
        ("frame", [0, 1, 0, 1], "'frame' does not ascend at row 3: write one file per clip and person"),
        ("frame", [0, "nan", 2], "'frame' does not ascend at row 2"),
        ("time_s", [0, 40, 80], r"times of its frames in 'time_s', but they make 0\.025 frames per second"),
        ("time", [0, 0.1, "soon"], "line 4, should hold numbers, but value 1 is 'soon'"),
    ],
)
def test_times_and_numbers_of_frames_that_cannot_be_are_refused(read, name, stamps, message):
    with pytest.raises(DataError, match=message):
        read(CSV, timed_table(name, stamps), layout=None)


@pytest.mark.parametrize("name", ["frame", "Frame_ID", "", "index", "Unnamed: 0"])
def test_a_number_of_frames_is_no_coordinate(read, name):
    clip = read(CSV, timed_table(name, range(4)), layout=None)
    check(clip, pose())
    assert (clip.times, codes(clip)) == (None, ["frame-rate-assumed"])


def test_frames_that_are_missing_leave_gaps_in_time(read):
    clip = read(CSV, timed_table("frame", [3, 4, 5, 10]), layout=None, fps=10.0)
    assert clip.times.tolist() == pytest.approx([0.3, 0.4, 0.5, 1])
    assert codes(clip) == ["frames-missing"]


def test_other_columns_are_left_out_and_told(read):
    clip = read(CSV, timed_table("class", ["wave"] * 4), layout=None)
    check(clip, pose())
    assert clip.doubts[-1] == ("columns-unused", "Columns that are not about joints were left out: 'class'.")


@pytest.mark.parametrize("separator", [",", ";", "|", "\t", "  ", ", "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-with-mark"])
def test_separators_line_ends_and_encodings_do_not_matter(read, separator, end, encoding):
    text = table_bytes(columns(MEDIAPIPE33.joint_names), rows(pose()), separator).decode().replace("\n", end)
    data = codecs.BOM_UTF16_LE + text.encode("utf-16-le") if encoding.endswith("mark") else text.encode(encoding)
    check(read(CSV, data, layout=None), pose())
    headless = text.split(end, 1)[1].encode("utf-16" if "16" in encoding else encoding)
    check(read(CSV, headless, layout="mediapipe33"), pose())


@pytest.mark.parametrize(("separator", "quote"), [(";", ""), ("\t", ""), (" ", ""), (",", '"')])
def test_decimal_commas(read, separator, quote):
    body = [[quote + cell.replace(".", ",") + quote for cell in row] for row in rows(walk(3, 25))]
    text = table_bytes(columns(LAYOUTS["ntu25"].joint_names), body, separator)
    check(read(CSV, text, layout=None), walk(3, 25))
    check(read(CSV, text.split(b"\n", 1)[1]), walk(3, 25))


def test_quirks_of_spreadsheets_pandas_and_numpy(read):
    names, body = columns(LAYOUTS["ntu25"].joint_names), rows(walk(3, 25))
    plain = table_bytes(names, body)
    ended = plain.replace(b"\n", b",\n")
    for data in (
        ended,
        plain.split(b"\n")[0] + b"\n" + ended.split(b"\n", 1)[1],
        ended.split(b"\n")[0] + b"\n" + plain.split(b"\n", 1)[1],
        plain + b"\n \r\n" + b"," * 74 + b"\n\n",
        b"sep=,\n" + plain,
        b"# recorded on a Monday\n# " + plain,
        plain.replace(b"\n", b"\n ").replace(b",", b" , "),
        table_bytes([f'"{name}"' for name in names], body),
        plain[:-1],
    ):
        clip = read(CSV, data, layout=None)
        check(clip, walk(3, 25))
        assert codes(clip) == ["frame-rate-assumed"], data
    check(read(CSV, csv_bytes(walk(3, 25)).replace(b"\n", b",\n")), walk(3, 25))
    check(read(CSV, b"# a note\n" + csv_bytes(walk(3, 25))), walk(3, 25))


@pytest.mark.parametrize("missing", [b"", b"nan", b"NaN", b"NA", b"null", b"None", b" "])
def test_missing_numbers(read, missing):
    whole = csv_bytes(walk(3, 25))
    clip = read(CSV, whole.replace(b",101.2,", b"," + missing + b","), fill_gaps=True)
    np.testing.assert_allclose(clip.joints, read(CSV, whole).joints, rtol=1e-6)


def test_a_row_of_missing_numbers_is_a_frame(read):
    lines = csv_bytes(walk(3, 25)).split(b"\n")
    clip = read(CSV, b"\n".join([lines[0], b"," * 74, *lines[2:]]), fill_gaps=True)
    check(clip, walk(3, 25))


def test_a_last_line_that_is_cut_is_told(read):
    text = table_bytes(columns(LAYOUTS["ntu25"].joint_names), rows(walk(3, 25)))
    assert codes(read(CSV, text[:-3], layout=None)) == ["frame-rate-assumed", "last-line-cut"]
    uneven = csv_bytes(np.random.default_rng(0).normal(size=(9, 25, 3)).round(5))[:-1]
    assert codes(read(CSV, uneven)) == ["frame-rate-assumed"]


@pytest.mark.parametrize(
    ("last", "kept"),
    [("0.12345", "0.1"), ("1234.5", "12"), ("1.25e-05", "1.25e-0"), ("1.25e-05", "1.25e-"), ("1.25e-05", "1.25")],
)
def test_a_number_that_is_cut_is_told_or_refused_where_decimals_vary(read, last, kept):
    numbers = np.random.default_rng(0).normal(size=(40, 25, 3)).round(5)
    lines = csv_bytes(numbers).decode().splitlines()
    lines[-1] = f"{lines[-1].rpartition(',')[0]},{last}"
    assert codes(read(CSV, "\n".join([*lines, ""]).encode())) == ["frame-rate-assumed"]
    cut = "\n".join(lines).removesuffix(last) + kept
    if kept.endswith("-"):
        with pytest.raises(DataError, match=r"line 40, should hold numbers, but value 75 is '1.25e-'"):
            read(CSV, cut.encode())
    else:
        assert codes(read(CSV, cut.encode())) == ["frame-rate-assumed", "last-line-cut"]


def test_whole_numbers_that_may_be_cut_are_told(read):
    lines = ["1234,567,890," * 24 + f"{frame},1,1234" for frame in range(9)]
    assert "last-line-cut" not in codes(read(CSV, "\n".join([*lines, ""]).encode()))
    assert "last-line-cut" in codes(read(CSV, "\n".join(lines)[:-2].encode()))


def test_a_last_line_with_fewer_cells_is_refused(read):
    lines = csv_bytes(walk(9, 25)).splitlines(keepends=True)
    for end in (b",", b",824.2\n"):
        cut = b"".join(lines)[: -len(lines[-1])] + lines[-1].rpartition(b",")[0].rpartition(b",")[0] + end
        with pytest.raises(DataError, match=r"line 9, should have 75 numbers as the first row has, but has 7[34]"):
            read(CSV, cut)


@pytest.mark.parametrize("frame", ["frame", "timestamp_ms"])
def test_a_row_may_hold_one_joint_of_a_frame(read, frame):
    stamps = {"frame": 1, "timestamp_ms": 40}[frame]
    clip, order = np.concatenate([pose(), np.full((4, 33, 1), 0.5)], axis=2), np.random.default_rng(0).permutation(132)
    body = [
        [
            str(stamps * (at // 33)),
            MEDIAPIPE33.joint_names[at % 33],
            *rows(clip[at // 33, at % 33])[0:0],
            *(f"{number:.5f}" for number in clip[at // 33, at % 33]),
        ]
        for at in order
    ]
    table = table_bytes([frame, "joint", "x", "y", "z", "visibility"], body)
    assert CSV.recognizes(Path("clip"), table[:START])
    read_clip = read(CSV, table, layout=None)
    check(read_clip, pose())
    assert (read_clip.visibility == 0.5).all()
    assert read_clip.fps == {"frame": 30, "timestamp_ms": pytest.approx(25)}[frame]


def test_long_tables_may_number_joints_and_lack_some(read):
    table = long_table_bytes(walk(3, 25), range(25)).split(b"\n")
    check(read(CSV, b"\n".join(table)), walk(3, 25))
    check(read(CSV, b"\n".join([*table[:30], *table[31:]]), fill_gaps=True), walk(3, 25))
    with pytest.raises(DataError, match="3 of 225 coordinates are NaN or infinite"):
        read(CSV, b"\n".join([*table[:30], *table[31:]]))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (long_table_bytes(walk(2, 25), range(25)) + b"0,3,1,2,3\n", "some come twice"),
        (long_table_bytes(walk(2, 24), range(24)), "number the 25 joints .* has 24 numbers from 0 to 23"),
        (
            long_table_bytes(walk(2, 25), range(25)) + b"".join(b"%d,3,1,2,3\n" % f for f in range(9, 99)),
            "165 rows|140 rows",
        ),
        (long_table_bytes(walk(1, 1100), range(1100)), "more than 1000 names"),
        (b"frame,joint,x,y,z\n", "a row of numbers for every frame, but has none"),
        (
            long_table_bytes(walk(2, 25), range(25)) + b",3,1,2,3\n",
            "line 52, should have the number or the time of its",
        ),
    ],
)
def test_malformed_long_tables_are_refused(read, data, message):
    with pytest.raises(DataError, match=message):
        read(CSV, data)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (columns([*LAYOUTS["ntu25"].joint_names[:-1], "tail"]), "none of its 25 joints is called 'right thumb'"),
        ([*columns(LAYOUTS["ntu25"].joint_names[:-1]), "a", "b", "c"], "none of its 24 joints is called 'right thumb'"),
        ([*columns(range_names(25)[:-1]), "26x", "26y", "26z"], "number the 25 joints .* has 25 numbers from 1 to 26"),
        (["neck_x", *columns(LAYOUTS["ntu25"].joint_names)[:-1]], "'neck_x' comes twice"),
        (
            [*columns(LAYOUTS["ntu25"].joint_names)[:-1], "a"],
            "name x, y, z of each joint, but for 'right thumb' it names x, y",
        ),
    ],
)
def test_headers_that_contradict_the_layout_are_refused(read, names, message):
    with pytest.raises(DataError, match=message):
        read(CSV, table_bytes(names, rows(walk(2, 25))))


@pytest.mark.parametrize(
    ("data", "most"),
    [
        (b"0\n" * 10**6, 10**5),
        (b"1.5\n" * 10**6, 10**5),
        (b"0," * 10**6, 2 * 10**6),
        (csv_bytes(walk(1, 25)) + b"\n" * 10**6, 10**5),
    ],
)
def test_costly_files_are_refused_at_once(read, data, most):
    calls = itertools.count()
    sys.setprofile(lambda frame, event, argument: next(calls) if event == "call" else None)
    try:
        with pytest.raises(DataError, match=r"should have|should be a row"):
            read(CSV, data)
    finally:
        sys.setprofile(None)
    assert next(calls) < most


def test_memory_is_in_proportion(tmp_path):
    path = tmp_path / "clip.csv"
    path.write_bytes(b"".join(table_bytes([], rows(walk(1, 25)))[1:] for _ in range(4000)))
    tracemalloc.start()
    assert first(CSV, path, ReadOptions(layout="ntu25")).joints.shape[1] == 4000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * path.stat().st_size


@pytest.mark.parametrize(
    ("case", "layout"),
    [
        ("frame_column/pose.csv", None),
        ("prefix_names_other_order/pose.csv", "mediapipe33"),
        ("suffix_names_other_order/pose.csv", None),
        ("semicolon_decimal_comma/clip.csv", "ntu25"),
        ("tabs/clip.csv", "ntu25"),
        ("crlf_bom/clip.csv", "ntu25"),
    ],
)
def test_tables_as_people_bring_them(case, layout):
    path = Path(__file__).parents[4] / "shared/cases" / f"csv_{case}"
    if not path.exists():
        pytest.skip("inputs as people bring them are missing: the folder ../shared/cases beside the repository")
    clip = first(CSV, path, ReadOptions(layout=layout))
    head, foot = ("nose", "left foot index") if clip.layout is MEDIAPIPE33 else ("head", "left foot")
    names = clip.layout.joint_names
    assert clip.joints[:, 0, names.index(head), 0].tolist() == pytest.approx([-0.1, 0.85, 2.48])
    assert clip.joints[:, 0, names.index(foot), 0].tolist() == pytest.approx([-0.21, -0.8, 2.38])
    assert clip.joints.shape[1] == 60


def test_recognizes_tables_of_numbers_only(tmp_path):
    table = csv_bytes(walk(9, 25))
    for own in (table, header() + table, header()[:-1] + b"\r\n" + table, b"\xef\xbb\xbf" + table, b"1,,nan,inf," * 9):
        assert CSV.recognizes(tmp_path, own[:START])
    for other in (
        b"",
        b"label,action,motion\nwave,a,b\n",
        b"1,2,3\n",
        b"1\n1\n72057594037927936 0 1\n",
        b"\x80\x02}" * 99,
    ):
        assert not CSV.recognizes(tmp_path, other)
