import json

import numpy as np
import pytest
from reader_files import first, landmarks, mediapipe_bytes, walk

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.layout import MEDIAPIPE33
from gzssar.skeletons.readers.mediapipe_json import MediaPipeJsonReader
from gzssar.skeletons.readers.reader import START, Reader, ReadOptions

READER = MediaPipeJsonReader()
POSES = walk(3, 33)
FRAMES = [landmarks(pose) for pose in POSES]
TURNED = (POSES * [1, -1, -1]).transpose(2, 0, 1).astype(np.float32)


@pytest.fixture
def read(tmp_path):
    """Write content as JSON and read the clip."""

    def write_and_read(content, **options):
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (tmp_path / "clip.json").write_bytes(data)
        return first(READER, tmp_path / "clip.json", ReadOptions(**options))

    return write_and_read


def test_it_is_a_reader():
    assert isinstance(READER, Reader)


def people(frame):
    return [frame]


def scored(frame):
    """As TensorFlow's BlazePose writes it."""
    return [{"x": one["x"], "y": one["y"], "z": one["z"], "score": 0.5, "name": "?"} for one in frame]


def named(frame):
    return {joint.replace(" ", "_").upper(): one for joint, one in zip(MEDIAPIPE33.joint_names, frame, strict=True)}


def test_numbers_of_frames_that_jump_leave_gaps_in_time(read):
    clip = read({"0": FRAMES[0], "1": FRAMES[1], "2": FRAMES[2], "7": FRAMES[0]}, fps=10.0)
    assert clip.seconds.tolist() == pytest.approx([0, 0.1, 0.2, 0.7])
    assert [doubt.code for doubt in clip.doubts] == ["frames-missing"]


@pytest.mark.parametrize(
    "content",
    [
        FRAMES,
        {"landmarks": FRAMES},
        {"frames": [{"poseLandmarks": frame} for frame in FRAMES]},
        {"results": [{"pose_landmarks": {"landmark": frame}} for frame in FRAMES]},
        [{"landmarks": [], "worldLandmarks": people(frame)} for frame in FRAMES],
        [{"pose_landmarks": people(FRAMES[0]), "pose_world_landmarks": people(frame)} for frame in FRAMES],
        [{"keypoints": FRAMES[0], "keypoints3D": scored(frame)} for frame in FRAMES],
        [named(frame) for frame in FRAMES],
        {"10": FRAMES[2], "9": FRAMES[1], "8": FRAMES[0]},
        {f"frame_{index:04d}": {"pose_landmarks": frame} for index, frame in enumerate(FRAMES)},
        b"\n".join(json.dumps({"frame": index, "landmarks": frame}).encode() for index, frame in enumerate(FRAMES)),
        b"".join(json.dumps(frame).encode() + b"\r\n" for frame in FRAMES),
    ],
)
def test_landmarks_are_found_wherever_programs_put_them(read, content):
    clip = read(content)
    np.testing.assert_array_equal(clip.joints[..., 0], TURNED)
    assert clip.visibility.shape == (3, 33, 1)
    assert (clip.visibility == 0.5).all()
    assert (clip.layout.name, clip.fps, clip.times, clip.name) == ("mediapipe33", 30, None, "clip.json")
    assert [doubt.code for doubt in clip.doubts] == ["frame-rate-assumed"]


def test_one_frame_is_a_clip(read):
    assert read({"landmarks": FRAMES[1]}).joints[:, 0, 4, 0].tolist() == pytest.approx([104, -104.1, -104.2])


def test_landmarks_without_visibility_have_none(read):
    bare = [[{axis: joint[axis] for axis in "xyz"} for joint in frame] for frame in FRAMES]
    assert read(bare).visibility is None


def test_frames_say_their_time(read):
    clip = read([{"timestampMs": 40 * index, "landmarks": frame} for index, frame in enumerate(FRAMES)])
    assert clip.times.tolist() == pytest.approx([0, 0.04, 0.08])
    assert (clip.fps, clip.doubts) == (pytest.approx(25), ())


def test_a_file_says_its_frame_rate(read):
    content = {"fps": 24, "frames": FRAMES}
    assert (read(content).fps, read(content).doubts) == (24, ())
    with pytest.raises(ConfigError, match="states 24 frames per second, but the options name 30"):
        read(content, fps=30.0)
    with pytest.raises(DataError, match=r"between 0\.1 and 1000 frames per second, but states 0:"):
        read(content | {"fps": 0})


def test_frames_without_anybody_are_bridged_as_in_videos(read):
    clip = read([None, FRAMES[0], [], {"landmarks": []}, FRAMES[2], {}])
    middle = TURNED[:, 0] + (TURNED[:, 2] - TURNED[:, 0]) / 3
    np.testing.assert_allclose(clip.joints[:, 2, :, 0], middle, rtol=1e-6)
    assert not clip.joints[:, [0, 5]].any()
    assert clip.visibility[:, 0, 0].tolist() == [0, 0.5, 0.5, 0.5, 0.5, 0]


def test_shares_of_the_picture_are_told(read):
    shares = np.stack([np.linspace(0.3, 0.6, 33), np.linspace(0.1, 0.9, 33), np.zeros(33)], axis=1)
    (doubt,) = read([landmarks(shares)], fps=30.0).doubts
    assert (doubt.code, "not metres" in doubt.sentence) == ("shares-of-picture", True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "a list of frames with landmarks"),
        ({"name": "x"}, "a list of frames with landmarks"),
        ({"landmarks": {"nose": 1}}, "a list of frames with landmarks"),
        ([FRAMES[0], "x"], "frame 1 should be a list of landmarks, but it is something else"),
        ([FRAMES[0], 0], "frame 1 should be a list of landmarks, but it is something else"),
        ([FRAMES[0], {"hands": FRAMES[1]}], "frame 1 should hold landmarks, but has none of the names"),
        ([FRAMES[0][:21]], "frame 0 should hold the 33 landmarks .* holds 21: are they of a hand or a face"),
        ([{"landmarks": [FRAMES[0], FRAMES[1]]}], "frame 0 should hold the landmarks of one person, but holds 2"),
        ([[[[[[[[FRAMES[0]]]]]]]]], "frame 0 should hold the landmarks of one person"),
        ([[*FRAMES[0][:-1], 1.5]], "landmark 32, should be an object of numbers, .* but it is something else"),
        ([[{"x": 0.5, "y": 0.5, "visibility": 1}] * 33], "landmark 0, .* but it has no depth: write z as well"),
        ([[{"x": True, "y": 0.5, "z": 1}] * 33], "landmark 0, should be an object of numbers"),
        ([[{"x": float("nan"), "y": 0.5, "z": 1}] * 33], "landmark 0, should be an object of numbers"),
        ([[{"x": "1", "y": 0.5, "z": 1}] * 33], "landmark 0, should be an object of numbers"),
        ([FRAMES[0]] + [None] * 10, "does in 1 of 11"),
        ([FRAMES[0]] + [{"landmarks": []}] * 10, "does in 1 of 11"),
        ([{"t": True, "landmarks": FRAMES[0]}] * 2, "frame 0, t, should be a number"),
        ([{"t": 1, "landmarks": FRAMES[0]}] * 2, "'t' does not ascend at row 2"),
        (mediapipe_bytes()[:-1], "should be JSON, but it is cut off or damaged"),
        (b'{"landmarks": ' + b"[1.000000" * 100_000, "should be JSON, but it is cut off or damaged"),
    ],
)
def test_what_is_malformed_is_refused(read, content, message):
    with pytest.raises(DataError, match=rf"clip\.json.* {message}"):
        read(content)


def test_the_layout_is_known(read):
    assert read(FRAMES, layout="mediapipe33").layout.name == "mediapipe33"
    with pytest.raises(ConfigError, match="layout 'mediapipe33', but the options name 'coco17'"):
        read(FRAMES, layout="coco17")


def test_recognizes_landmarks_only(tmp_path):
    for own in (
        mediapipe_bytes(),
        b'\xef\xbb\xbf {"fps": 3, "poseLandmarks" : [',
        b'[null, null, {"worldLandmarks": [',
    ):
        assert READER.recognizes(tmp_path, own[:START])
    for other in (b"", b"[1]", b'[{"x": 1, "y": 2}]', b'"landmarks": "x": "y": "z":', b'{"people": [], "x": 1}'):
        assert not READER.recognizes(tmp_path, other)
