import numpy as np
import pytest
from reader_files import PERSON, first, marker_places, trc_text

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.layout import LAYOUTS, SMPL22
from gzssar.skeletons.readers.reader import Reader, ReadOptions
from gzssar.skeletons.readers.trc import TrcReader

READER = TrcReader()


@pytest.fixture
def read(tmp_path):
    """Write a text and read the clip."""

    def write_and_read(text, **options):
        (tmp_path / "clip.trc").write_text(text)
        return first(READER, tmp_path / "clip.trc", ReadOptions(**options))

    return write_and_read


def place(clip, joint, frame=0):
    return clip.joints[:, frame, clip.layout.joint_names.index(joint), 0].tolist()


def near(*position):
    return pytest.approx(position, abs=1e-6)


def codes(clip):
    return [doubt.code for doubt in clip.doubts]


def only(*names):
    """The person with fewer markers."""
    return ",".join(marker for marker in PERSON.split(",") if marker.split()[0] in names)


LIMBS = tuple(side + joint for side in "LR" for joint in ("Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle"))


def test_it_is_a_reader():
    assert isinstance(READER, Reader)


def test_markers_of_pose2sim_are_joints_of_openpose(read):
    clip = read(trc_text())
    assert (clip.layout.name, clip.joints.shape, clip.fps, clip.times) == ("openpose25", (3, 3, 25, 1), 50, None)
    assert place(clip, "left wrist") == near(0.6, 1.4, 0)
    assert place(clip, "right knee", 2) == near(-0.08, 0.5, 0)
    assert place(clip, "mid hip") == near(0, 0.9, 0)
    assert place(clip, "right big toe") == near(-0.1, 0, 0.15)
    assert place(clip, "left ear") == near(0, 1.55, 0)
    assert codes(clip) == ["joints-estimated"]
    assert clip.doubts[0].sentence.startswith("The file lacks left ear, right ear, left eye, right eye:")


def test_joints_that_others_leave_out_are_estimated(read):
    clip = read(trc_text(person=only(*LIMBS)))
    assert place(clip, "neck") == near(0, 1.4, 0)
    assert place(clip, "mid hip") == near(0, 0.9, 0)
    assert place(clip, "nose") == place(clip, "left ear") == near(0, 1.4 + 0.35 * 0.5, 0)
    assert place(clip, "left heel") == place(clip, "left small toe") == near(0.1, 0.1, 0)
    with_nose = read(trc_text(person=only(*LIMBS, "Nose")))
    assert place(with_nose, "right ear") == near(0, 1.55, 0.1)


def test_markers_that_name_a_whole_layout_have_it(read):
    person = ",".join(
        f"{joint.title().replace(' ', '')} 0 {number} 1" for number, joint in enumerate(SMPL22.joint_names)
    )
    clip = read(trc_text(person=person.replace("LeftHip", "hip_left")), layout="smpl22")
    assert clip.layout.name == "smpl22"
    assert clip.joints[1, 0, :, 0].tolist() == pytest.approx(range(22))
    assert codes(clip) == []
    assert read(trc_text(person=person)).layout.name == "smpl22"


@pytest.mark.parametrize(
    ("unit", "per_metre"), [("mm", 1000), ("Millimeters", 1000), ("cm", 100), ("inches", 39.3700787), ("ft", 3.2808399)]
)
def test_the_header_states_the_unit(read, unit, per_metre):
    clip = read(trc_text(unit=unit, per_metre=per_metre))
    np.testing.assert_allclose(clip.joints, read(trc_text()).joints, atol=1e-5)
    assert codes(clip) == ["joints-estimated"]


def test_a_unit_is_needed_once(read):
    assert place(read(trc_text(unit="furlong", per_metre=1000), unit="mm"), "left hip") == near(0.1, 0.9, 0)
    with pytest.raises(
        DataError, match="one of the units m, cm, mm, in, ft, but it states 'furlong': name the"
    ) as error:
        read(trc_text(unit="furlong"))
    assert error.value.option == "unit"
    assert place(read(trc_text(unit="", per_metre=100), unit="cm"), "left hip") == near(0.1, 0.9, 0)
    with pytest.raises(DataError, match="line 3, should state the Units of positions, but states none"):
        read(trc_text(unit=""))
    with pytest.raises(ConfigError, match="states the unit 'm', but the options name 'mm'"):
        read(trc_text(), unit="mm")


def test_z_up_is_turned_and_said(read):
    names, places = marker_places(1)
    person = ",".join(f"{name} {x} {-z} {y}" for name, (x, y, z) in zip(names, places[0], strict=True))
    clip = read(trc_text(person=person))
    np.testing.assert_allclose(clip.joints, read(trc_text()).joints, atol=1e-6)
    assert codes(clip) == ["joints-estimated", "z-is-up"]


def test_a_cell_without_a_number_is_a_marker_that_is_not_seen(read):
    lines = trc_text().splitlines()
    cells = lines[7].split("\t")
    cells[2 + 3 * 2 : 5 + 3 * 2] = ["", "", ""]  # RKnee
    lines[7] = "\t".join(cells)
    text = "\n".join(lines)
    with pytest.raises(DataError, match="3 of 225 coordinates are NaN"):
        read(text)
    assert place(read(text, fill_gaps=True), "right knee", 1) == near(-0.09, 0.5, 0)


def test_times_that_are_uneven_are_kept(read):
    clip = read(trc_text(frames=5).replace("\t0.0600", "\t0.0700").replace("\t0.0800", "\t0.0900"))
    assert clip.times.tolist() == pytest.approx([0, 0.02, 0.04, 0.07, 0.09])
    assert clip.fps == pytest.approx(50)


def test_times_count_where_the_header_contradicts_them(read):
    clip = read(trc_text().replace("\n50\t50\t3", "\n100\t100\t3"))
    assert clip.fps == pytest.approx(50)
    assert codes(clip) == ["joints-estimated", "frame-rate-contradicted"]
    assert read(trc_text(frames=1)).fps == 50


def test_another_number_of_frames_is_read_and_said(read):
    clip = read(trc_text().replace("\n50\t50\t3", "\n50\t50\t4"))
    assert clip.joints.shape[1] == 3
    assert codes(clip) == ["joints-estimated", "frame-count"]
    cut = read(trc_text()[:-100])
    assert cut.joints.shape[1] == 2
    assert "its last one is cut off and left out" in cut.doubts[1].sentence


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("RHip", "RASI", "none of its names is known for right hip: rename its joints, .* RightUpLeg"),
        ("RHip", "LHip", "has 2 that may be the left hip: 'LHip' and 'LHip'"),
        ("Frame#", "Frames", "line 4, should have Frame#, Time and the names of markers"),
        ("Hip\t\t\tRHip", "Hip\t\tRHip\t", "line 4, should have Frame#, Time and the names of markers"),
        ("\tX3", "\tX4", "line 5, should name X, Y and Z of each of the 22 markers"),
        ("0.900000", "far", "line 7, should hold numbers, but value 4 is 'far'"),
        ("\t0.0200", "\t0.0000", "should have frames whose times ascend"),
        ("\t0.0200", "\t", "should have frames whose times ascend"),
        ("\n2\t", "\n2 ", "line 8, should have 68 cells parted by tabs, but has 67"),
        ("\n50\t", "\nfast\t", "line 3, should hold numbers, but value 1 is 'fast'"),
        ("\t0.0000\t", "\t0.0000\t1\t", "line 7, should have 68 cells parted by tabs, but has 69"),
    ],
)
def test_what_is_malformed_is_refused(read, old, new, message):
    text = trc_text()
    assert old in text
    with pytest.raises(DataError, match=rf"clip\.trc.* {message}"):
        read(text.replace(old, new, 1))


def test_markers_on_the_skin_are_refused(read):
    person = ",".join(f"{name} 0 1 0" for name in ("LFHD", "RFHD", "C7", "T10", "LASI", "RASI"))
    with pytest.raises(DataError, match=r"markers that are joints \(RHip, .* others \(LFHD, RFHD, C7, T10\): compute"):
        read(trc_text(person=person))


def test_a_header_without_frames_is_refused(read):
    lines = trc_text().splitlines()
    with pytest.raises(DataError, match="header of 5 lines, but has 3"):
        read("\n".join(lines[:3]))
    with pytest.raises(DataError, match="should have frames whose times ascend, but it has no frames"):
        read("\n".join(lines[:6]))


def test_options_must_not_contradict_the_file(read):
    assert read(trc_text(), layout="openpose25", fps=50.0).fps == 50
    with pytest.raises(ConfigError, match="markers of layout 'openpose25', but the options name 'smpl22'"):
        read(trc_text(), layout="smpl22")
    with pytest.raises(ConfigError, match="states 50 frames per second, but the options name 30"):
        read(trc_text(), fps=30.0)
    assert LAYOUTS["openpose25"] is read(trc_text()).layout
