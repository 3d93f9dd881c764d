import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from ntu_files import ID, damaged_files, one_person, person, skeleton_text, write_skeleton

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.readers import ReadOptions
from gzssar.skeletons.readers.ntu import _BLOCK, NtuReader, SampleIds, read_ntu, read_tracks, sample_ids
from gzssar.skeletons.readers.reader import START, Reader
from gzssar.skeletons.sequence import SkeletonSequence


@pytest.fixture
def file(tmp_path):
    """Three frames of one person: 85 lines; lines 2, 30 and 58 count the bodies."""
    return write_skeleton(tmp_path, one_person())


def edit(path, line, change):
    """Change a line (counted from 1) of a file; None deletes it."""
    lines = path.read_text().split("\n")
    changed = change(lines[line - 1])
    lines[line - 1 : line] = [] if changed is None else [changed]
    path.write_text("\n".join(lines))
    return path


def replace_word(word, new):
    def change(line):
        words = line.split()
        words[word] = new
        return " ".join(words)

    return change


def repeat(line):
    return f"{line}\n{line}"


# what is read


def test_joints_come_as_they_are_in_the_file(file):
    clip = read_ntu(file)
    assert clip.joints.shape == (3, 3, 25, 1)
    assert clip.joints.dtype == np.float32
    expected = np.stack([person(seed) for seed in range(3)]).transpose(2, 0, 1)
    np.testing.assert_allclose(clip.joints[..., 0], expected, rtol=1e-7)


def test_the_name_tells_label_and_ids(file):
    clip = read_ntu(file)
    assert (clip.label, clip.subject, clip.camera, clip.setup) == (12, 3, 2, 1)
    assert (clip.fps, clip.layout, clip.name) == (30, NTU25, file.name)


def test_another_name_tells_nothing(tmp_path):
    clip = read_ntu(write_skeleton(tmp_path, one_person(), name="waving.txt"))
    assert (clip.label, clip.subject, clip.camera, clip.setup) == (None, None, None, None)


def test_sample_names():
    assert sample_ids("S018C003P106R002A120") == SampleIds(18, 3, 106, 2, 119)
    endings = (".skeleton", ".SKELETON", ".skeleton.txt", " (1).skeleton", ".skeleton (2)", "(1).avi", " (1)")
    for name in ("s018c003p106r002a120", *(f"S018C003P106R002A120{ending}" for ending in endings)):
        assert sample_ids(name) == SampleIds(18, 3, 106, 2, 119)
    for name in (
        "S018C003P106R002A000",
        "S018C003P106R002A120 was lost",
        "xS018C003P106R002A120",
        "S018C003P106R002A120x",
        "S18C3P106R2A120",
        "",
        "S٠18C003P106R002A120",
    ):
        assert sample_ids(name) is None


def test_endings_after_the_name_do_not_hide_it(tmp_path):
    clip = read_ntu(write_skeleton(tmp_path, one_person(), name="S001C002P003R002A013.skeleton.txt"))
    assert (clip.label, clip.subject, clip.name) == (12, 3, "S001C002P003R002A013.skeleton.txt")


def test_a_joint_at_the_sensor_is_missing(tmp_path):
    frames = [{ID: person() + np.array([0.01 * frame, 0, 0])} for frame in range(6)]
    expected = np.stack([frame[ID] for frame in frames])
    frames[3][ID][11] = 0
    clip = read_ntu(write_skeleton(tmp_path, frames))
    np.testing.assert_allclose(clip.joints[..., 0].transpose(1, 2, 0), expected, rtol=1e-5)
    assert [doubt.code for doubt in clip.doubts] == ["joints-missing"]
    assert clip.doubts[0].sentence.startswith("Right hand is missing (zero) in 1 of 6 frames")


def test_positions_that_are_nan_are_filled_on_request(tmp_path):
    frames = [{ID: person() + np.array([0.01 * frame, 0, 0]), ID + 1: person(2)} for frame in range(14)]
    expected = np.stack([frame[ID] for frame in frames])
    frames[3][ID][11, 1] = np.nan
    path = write_skeleton(tmp_path, frames)
    with pytest.raises(DataError, match=r"line \d+, should hold .*finite.*, or fill the gap") as raised:
        read_ntu(path)
    assert raised.value.for_terminal.endswith("(--fill-gaps)")
    clip = read_ntu(path, ReadOptions(fill_gaps=True))
    np.testing.assert_allclose(clip.joints[..., 0].transpose(1, 2, 0), expected, rtol=1e-5)
    for frame in frames:
        frame[ID][11] = np.nan
    with pytest.raises(DataError, match="cannot be completed: joint 11"):
        read_ntu(write_skeleton(tmp_path, frames), ReadOptions(fill_gaps=True))


def test_bodies_are_followed_by_id_when_they_change_order(tmp_path):
    others = {ID: person(1), ID + 1: person(2)}
    frames = [others, dict(reversed(others.items())), others]
    first, second = read_tracks(write_skeleton(tmp_path, frames))
    np.testing.assert_allclose(first.joints, np.stack([person(1)] * 3), rtol=1e-7)
    np.testing.assert_allclose(second.joints, np.stack([person(2)] * 3), rtol=1e-7)


def test_neighbouring_ids_that_floats_mix_up_stay_apart(tmp_path):
    assert float(ID) == float(ID + 1)
    assert len(read_tracks(write_skeleton(tmp_path, [{ID: person(1), ID + 1: person(2)}]))) == 2


def test_bodies_appear_vanish_and_come_back(tmp_path):
    frames = [{}, {ID: person()}, {ID: person(), ID + 1: person()}, {ID + 1: person()}, {}, {ID: person()}]
    first, second = read_tracks(write_skeleton(tmp_path, frames))
    assert first.frames.tolist() == [1, 2, 5]
    assert second.frames.tolist() == [2, 3]


def test_frames_without_a_body_are_dropped(tmp_path):
    frames = [{}, *one_person(4), {}, {ID: person(9)}]
    assert read_ntu(write_skeleton(tmp_path, frames)).joints.shape == (3, 5, 25, 1)


def test_a_body_of_zeros_is_not_tracked(tmp_path):
    frames = [{ID: person(), ID + 1: np.zeros((25, 3))}, {ID: np.zeros((25, 3))}, {ID: person()}]
    (track,) = read_tracks(write_skeleton(tmp_path, frames))
    assert track.frames.tolist() == [0, 2]


def test_ten_bodies_give_two(tmp_path):
    frames = [{ID + body: person(100 * body + frame, 0.1 * body) for body in range(10)} for frame in range(14)]
    clip = read_ntu(write_skeleton(tmp_path, frames))
    assert clip.joints.shape == (3, 14, 25, 2)
    sentence = "The file tracks more than two bodies; those that move most are kept, and tracks left out: 8."
    assert clip.doubts == (Doubt("bodies-left-out", sentence),)


def test_of_somebody_under_a_new_id_nothing_is_left_out(tmp_path):
    both = {ID: person(1), ID + 1: person(2)}
    frames = [both] * 14 + [{}] * 2 + [{ID: person(1), ID + 2: person(2)}] * 14
    clip = read_ntu(write_skeleton(tmp_path, frames))
    assert (clip.joints.shape[3], clip.doubts) == (2, ())


@pytest.mark.parametrize("frames", [1, 10_000])
def test_short_and_long_clips(tmp_path, frames):
    text = skeleton_text([{ID: person()}])
    (tmp_path / "long.skeleton").write_text(str(frames) + "\r\n" + text.split("\n", 1)[1] * frames, newline="")
    assert read_ntu(tmp_path / "long.skeleton").joints.shape == (3, frames, 25, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\r\n", "\n"),
        lambda text: text.replace("\r\n", "  \t\r\n"),
        lambda text: text.replace(" ", "  "),
        lambda text: text.rstrip(),
        lambda text: text + "\r\n \r\n",
        lambda text: text.replace("277.419", "nan").replace("1036.233", "-inf"),  # values that are not used
    ],
    ids=["LF", "trailing blanks", "double blanks", "no final newline", "blank lines at the end", "no picture position"],
)
def test_harmless_variations_read_the_same(file, change):
    expected = read_ntu(file).joints
    file.write_text(change(skeleton_text(one_person())), newline="")
    np.testing.assert_array_equal(read_ntu(file).joints, expected)


def test_numbers_are_rounded_once_like_python_does(file):
    words = ["-1.2e-05", "+3.4028234E+38", "1234567.890123456789012345", "-.5", "0.1000000000000000055511151231257827"]
    for word in words:
        edit(file, 5, replace_word(0, word))
        assert read_ntu(file).joints[0, 0, 0, 0] == np.float32(float(word))


# what is refused, and where


def assert_refused(path, message):
    with pytest.raises(DataError, match=re.escape(message)) as refusal:
        read_ntu(path)
    assert str(path) in str(refusal.value)


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        (1, lambda _: "0", "line 1, should count at least one frame, but it counts 0"),
        (1, lambda _: "-3", "line 1, should hold the number of frames, but it holds '-3'"),
        (1, lambda _: "9" * 5000, f"line 1, should hold the number of frames, but it holds '{'9' * 40}'…"),
        (1, lambda _: "2", "line 58, should hold nothing, since its 2 frames are over, but it holds '1'"),
        (
            1,
            lambda _: "4",
            "line 86, should hold the number of bodies in frame 4 of 4, but the file ends after line 85",
        ),
        (2, lambda _: "", "line 2, should hold the number of bodies in frame 1 of 3, but it holds nothing"),
        (2, lambda _: "2", "line 30, should hold a body's id and 9 numbers, but it holds '1'"),
        (2, lambda _: "1.0", "line 2, should hold the number of bodies in frame 1 of 3, but it holds '1.0'"),
        (3, lambda _: "72057594037931101 0 1", "line 3, should hold a body's id and 9 numbers"),
        (3, replace_word(0, "7.2e16"), "line 3, should hold a body's id and 9 numbers, but it holds '7.2e16 0 1 1"),
        (31, replace_word(7, "lean"), "line 31, should hold numbers, but it holds the character 'l'"),
        (4, lambda _: "24", "line 4, should hold the number of joints, 25, but it holds '24'"),
        (10, replace_word(0, "nan"), "line 10, should hold a joint's position as finite numbers of metres"),
        (40, replace_word(2, "-inf"), "line 40, should hold a joint's position as finite numbers of metres"),
        (40, replace_word(1, "1e39"), "line 40, should hold a joint's position as finite numbers of metres"),
        (67, replace_word(0, "x.1"), "line 67, should hold numbers, but it holds the character 'x'"),
        (67, replace_word(9, "O.5"), "line 67, should hold numbers, but it holds the character 'O'"),
        (67, replace_word(1, "1.5.3"), "line 67, should hold the 12 numbers of a joint"),
        (67, replace_word(1, "1_0"), "line 67, should hold numbers, but it holds the character '_'"),
        (67, replace_word(1, "1\r2"), "line 67, should hold the 12 numbers of a joint"),
        (67, replace_word(1, "1 2"), "line 67, should hold the 12 numbers of a joint"),
        (67, lambda line: line + " 1" * 256, "line 67, should hold the 12 numbers of a joint"),
        (67, replace_word(11, ""), "line 67, should hold the 12 numbers of a joint"),
        (67, lambda line: line + "\x00", r"line 67, should hold numbers, but it holds the character '\x00'"),
        (67, lambda _: "", "line 67, should hold the 12 numbers of a joint, but it holds nothing"),
        (12, lambda _: None, "line 29, should hold the 12 numbers of a joint, but it holds '1'"),
        (30, repeat, "line 31, should hold a body's id and 9 numbers, but it holds '1'"),
        (41, repeat, "line 58, should hold the number of bodies in frame 3 of 3, but it holds '0.28"),
    ],
)
def test_damage_is_refused_by_line(file, line, change, message):
    assert_refused(edit(file, line, change), message)


def test_every_joint_line_blank(tmp_path):
    path = write_skeleton(tmp_path, [{ID: person()}])
    path.write_text("\n".join(path.read_text().split("\n")[:4]) + "\n \n" * 25 + "1")
    assert_refused(path, "line 5, should hold the 12 numbers of a joint, but it holds nothing")


@pytest.mark.parametrize("lines", range(1, 85))
def test_a_file_cut_after_a_line_is_refused(file, lines):
    content = file.read_text().split("\n")
    assert len(content) == 86  # and an empty one after the last newline
    file.write_text("\n".join(content[:lines]))
    assert_refused(file, f"but the file ends after line {lines}: it was cut off")


def test_a_line_cut_short_is_refused(file):
    file.write_text(file.read_text().rstrip()[:-40])
    assert_refused(file, "line 85, should hold the 12 numbers of a joint")


def test_bytes_beyond_ascii_are_refused(file):
    data = file.read_bytes()
    at = data.index(b"\n", 2000) + 1
    file.write_bytes(data[:at] + b"\xff" + data[at + 1 :])
    line = data[:at].count(b"\n") + 1
    assert_refused(file, f"line {line}, should hold numbers, but it holds the character '\\xff'")


@pytest.mark.parametrize("content", ["", "\n", " \r\n\r\n"])
def test_an_empty_file_is_refused(file, content):
    file.write_text(content)
    assert_refused(file, "should hold a clip, but it is empty")


def test_long_files_are_read_in_blocks(tmp_path):
    frames = [{ID: person(seed)} for seed in range(40)]
    path = write_skeleton(tmp_path, frames)
    assert path.stat().st_size > 3 * _BLOCK
    expected = np.stack([frame[ID] for frame in frames]).transpose(2, 0, 1)
    np.testing.assert_allclose(read_ntu(path).joints[..., 0], expected, rtol=1e-7)
    assert_refused(edit(path, 1100, lambda _: "1 2\n3"), "line 1100, should hold the 12 numbers of a joint")
    assert_refused(edit(path, 1100, lambda _: "?"), "line 1100, should hold numbers, but it holds the character '?'")


def test_an_id_twice_in_a_frame_is_refused(tmp_path):
    path = write_skeleton(tmp_path, [{ID: person(), ID + 1: person()}])
    assert_refused(
        edit(path, 30, replace_word(0, str(ID))), "line 30, should hold a body's id that is new in its frame"
    )


@pytest.mark.parametrize("frames", [[{}, {}], [{ID: np.zeros((25, 3))}]])
def test_frames_without_any_body_are_refused(tmp_path, frames):
    assert_refused(write_skeleton(tmp_path, frames), "should show a body in at least one frame, but none is tracked")


def test_a_missing_file_is_refused(tmp_path):
    assert_refused(tmp_path / "none.skeleton", "cannot be read (No such file or directory)")


# the reader


def test_the_reader_is_one(file):
    reader = NtuReader()
    assert isinstance(reader, Reader)
    source = reader.open(file, ReadOptions())
    (entry,) = source.entries
    assert (source.kind, entry.name) == (reader.kind, file.name)
    np.testing.assert_array_equal(entry.read().joints, read_ntu(file).joints)


def test_a_bad_clip_is_refused_when_it_is_read(file):
    (entry,) = NtuReader().open(edit(file, 40, lambda _: "x"), ReadOptions()).entries
    with pytest.raises(DataError, match="line 40"):
        entry.read()


def test_options(file):
    assert NtuReader().open(file, ReadOptions(layout="ntu25", fps=15.0)).entries[0].read().fps == 15
    with pytest.raises(ConfigError, match="holds the joints of layout 'ntu25', but the options say 'coco17'"):
        NtuReader().open(file, ReadOptions(layout="coco17"))


@pytest.mark.parametrize("name", ["a.skeleton", "notes.txt"])
def test_content_decides(tmp_path, name):
    path = tmp_path / name
    for frames in (one_person(3), [{}] * 2 + one_person(1), [{}] * 3000, [{ID: person()}] * 5):
        assert NtuReader().recognizes(path, skeleton_text(frames).encode()[:START])
    assert NtuReader().recognizes(path, b"2\n1\n72057594037931101 0 1\n24")
    for other in (b"\x80\x04\x95 pickle", b"PK\x03\x04", b'{"a": 1}', b"x,y,z\n1,2,3\n", b"1.5\n2.5\n", b"# 3\n2\n"):
        assert not NtuReader().recognizes(path, other)


@pytest.mark.parametrize("start", [b"", b"80", b"0\n", b"80\r\n-1\r\n", b"80\nx 1 2\n", b"3\n2\n1\n0\n"])
def test_a_file_too_damaged_to_tell_is_known_by_its_ending(tmp_path, start):
    assert NtuReader().recognizes(tmp_path / "S001C002P003R002A013.skeleton", start)
    assert not NtuReader().recognizes(tmp_path / "S001C002P003R002A013.skeleton" / "notes.txt", start)


# fuzzing


def fuzz(path, examples):
    """Read `examples` damaged files: how many were refused, and how many still made a clip."""
    counts = {"refused": 0, "read": 0}

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(damaged_files())
    def read(data):
        path.write_bytes(data)
        NtuReader().recognizes(path, data[:START])
        try:
            clip = read_ntu(path)
        except DataError:
            counts["refused"] += 1
        else:
            assert isinstance(clip, SkeletonSequence)
            assert np.isfinite(clip.joints).all()
            assert clip.joints.any(axis=(0, 2, 3)).all()  # every frame shows somebody
            counts["read"] += 1

    read()
    return counts


def test_damage_raises_nothing_but_data_errors(tmp_path):
    counts = fuzz(tmp_path / "S001C002P003R002A013.skeleton", 500)
    assert counts["refused"] > 100
    assert counts["read"] > 0
