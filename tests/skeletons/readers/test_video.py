"""Videos: axes, gaps and frame rates with poses made by hand; MediaPipe itself where it is installed."""

import sys
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gzssar.errors import ConfigError, DataError, MissingExtraError
from gzssar.skeletons.conversion import to_ntu25
from gzssar.skeletons.layout import MEDIAPIPE33
from gzssar.skeletons.poses import Picture, Pose, Sighting, packaged_poses
from gzssar.skeletons.preprocess import prenormalise
from gzssar.skeletons.readers import ReadOptions, open_clips, read_clips, video as video_reader
from gzssar.skeletons.readers.video import VideoReader, bridge, read_video

PATH = Path("clip.mp4")
NOSE, LEFT_SHOULDER, RIGHT_SHOULDER = 0, 11, 12


def facing_camera():
    """Somebody in MediaPipe's axes, x right, y down, z away: the left shoulder lies right in the picture."""
    pose = np.zeros((33, 3))
    for joint, name in enumerate(MEDIAPIPE33.joint_names):
        side = 1 if "left" in name else -1 if "right" in name else 0
        down = -0.5 if "shoulder" in name else 0.8 if "ankle" in name else 0.0 if "hip" in name else -0.7
        pose[joint] = (0.2 * side, down, -0.1 if name == "nose" else 0.0)
    return pose


def moved(by, visibility=None, place=None):
    """Somebody `by` metres further to the right, whose hips' middle is at `place` in the picture, if that is known."""
    shown = None if visibility is None else np.full(33, visibility)
    pose = facing_camera()
    places = None if place is None else place + 0.4 * pose[:, :2]  # the torso is 0.2 long
    return Pose(pose + np.array([by, 0, 0]), shown, places)


def read(monkeypatch, poses, fps=30.0, options=None):
    """Read a video whose frames show these poses."""
    pictures = (Picture(np.zeros((2, 2, 3), np.uint8), number / fps) for number in range(len(poses)))
    monkeypatch.setattr(video_reader, "_open", lambda path, options: (fps, pictures))
    return read_video(PATH, MEDIAPIPE33, options or ReadOptions(), finder(poses))


def finder(poses):
    """What finds these people in pictures: a pose each, several, or None."""

    def find(pictures):
        for pose, picture in zip(poses, pictures, strict=False):
            people = () if pose is None else (pose,) if isinstance(pose, Pose) else pose
            yield Sighting(picture.time, people)

    return find


def test_axes_are_the_house_s(monkeypatch):
    clip = read(monkeypatch, [moved(0)] * 3)
    assert clip.layout == MEDIAPIPE33
    assert clip.joints.shape == (3, 3, 33, 1)
    nose, left, right = (clip.joints[:, 0, joint, 0] for joint in (NOSE, LEFT_SHOULDER, RIGHT_SHOULDER))
    assert nose[1] > left[1] > 0  # y up
    assert nose[2] > left[2]  # z to the camera
    assert left[0] > right[0]  # x to the right of the picture
    prepared = prenormalise(to_ntu25(clip).joints, 4)
    head, mid_spine, left, right, nose_side = prepared[:, 0, [3, 1, 4, 8, 20], 0].T
    assert head[2] > mid_spine[2]  # turned: z up, x to the performer's right
    assert right[0] > left[0]
    assert np.isfinite(nose_side).all()


def test_right_handed_axes_stay_so():
    turned = bridge([Pose(np.eye(33, 3))], 1)[0][:, 0, :3, 0]
    np.testing.assert_array_equal(turned, np.diag([1, -1, -1]))
    assert np.linalg.det(turned) == 1


def test_short_gaps_become_straight_lines(monkeypatch):
    clip = read(monkeypatch, [moved(0.0), None, None, None, moved(0.4)])
    np.testing.assert_allclose(clip.joints[0, :, NOSE, 0], [0, 0.1, 0.2, 0.3, 0.4], atol=1e-6)


def test_nobody_is_there_in_long_gaps_and_at_the_ends(monkeypatch):
    poses = [None, None, moved(0.0), *[None] * 4, moved(0.5), *[None] * 3, moved(0.9), None]
    clip = read(monkeypatch, poses, fps=3.0)
    there = clip.joints.any(axis=(0, 2, 3))
    assert there.tolist() == [False] * 2 + [True] + [False] * 4 + [True] * 5 + [False]
    np.testing.assert_allclose(clip.joints[0, 7:12, NOSE, 0], [0.5, 0.6, 0.7, 0.8, 0.9], atol=1e-6)


def test_visibility_goes_with_the_joints(monkeypatch):
    poses = [None, moved(0, visibility=1.0), None, moved(0, visibility=0.5)]
    clip = read(monkeypatch, poses)
    assert clip.visibility.shape == (4, 33, 1)
    np.testing.assert_allclose(clip.visibility[:, NOSE, 0], [0, 1, 0.75, 0.5])


@pytest.mark.parametrize("poses", [[moved(0)] * 2, [moved(0), moved(0, visibility=1.0)]])
def test_visibility_is_told_of_all_frames_or_of_none(monkeypatch, poses):
    assert read(monkeypatch, poses).visibility is None


@pytest.mark.parametrize("lost", [0, 1, 3])
def test_who_changes_place_abruptly_may_be_somebody_else(monkeypatch, lost):
    at = [np.array([x, 0.5]) for x in (0.2, 0.8)]
    poses = [moved(0, place=at[0])] * 9 + [None] * lost + [moved(0, place=at[1])] * 5
    clip = read(monkeypatch, poses)
    assert [doubt.code for doubt in clip.doubts] == ["several-people"]
    assert f"changes place abruptly (at {(9 + lost) / 30:.1f} s)" in clip.doubts[0].sentence
    assert "abruptly (2 times, first" in read(monkeypatch, [*poses, moved(0, place=at[0])]).doubts[0].sentence


@pytest.mark.parametrize(
    ("step", "lost", "fps"),
    [
        (0.05, 0, 30.0),  # a sprint: a quarter of a torso per frame
        (0.05, 3, 30.0),  # one who is lost meanwhile
        (0.6, 0, 5.0),  # three torsos, in a fifth of a second
    ],
)
def test_who_moves_as_people_do_is_the_same(monkeypatch, step, lost, fps):
    poses = []
    for k in range(10):
        poses += [moved(0, place=np.array([step * (lost + 1) * k, 0.5])), *[None] * lost]
    assert read(monkeypatch, poses, fps).doubts == ()


def test_of_several_people_the_one_who_moves_most_is_read(monkeypatch):
    still, waves = (lambda n: moved(0.1, place=np.array([0.2, 0.5]))), waving
    pictures = [(still(n), waves(n))[:: 1 if n % 2 else -1] for n in range(30)]  # in any order
    clip = read(monkeypatch, pictures)
    assert clip.joints.shape[3] == 1
    assert np.ptp(clip.joints[1, :, 15, 0]) == pytest.approx(0.5, abs=1e-6)
    assert [doubt.code for doubt in clip.doubts] == ["several-people"]
    assert "2 people are seen, and only the one who moves most is read" in clip.doubts[0].sentence


def waving(number):
    """Somebody at the other side of the picture, whose arm goes up and down."""
    pose = moved(0.0, place=np.array([0.8, 0.5]))
    pose.joints[[13, 15, 17, 19, 21], 1] = -0.1 * (number % 6)
    return pose


@pytest.mark.parametrize("seen", [0, 1])
def test_nobody_in_nearly_all_frames(monkeypatch, seen):
    with pytest.raises(
        DataError,
        match=rf"should show one person from head to feet, .* in {20 - seen} of 20 frames, nobody",
    ):
        read(monkeypatch, [moved(0)] * seen + [None] * (20 - seen))


def test_a_video_without_frames(monkeypatch):
    with pytest.raises(DataError, match="no frame of it can be read"):
        read(monkeypatch, [])


@pytest.mark.parametrize("module", ["cv2", "mediapipe"])
def test_the_sentence_names_what_to_install(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    if module == "cv2":
        with pytest.raises(MissingExtraError, match=r"reading it needs OpenCV .* pip install --no-deps mediapipe"):
            read_video(PATH, MEDIAPIPE33, ReadOptions())
    else:
        with pytest.raises(MissingExtraError, match=r"needs MediaPipe 0.10.21: pip install 'gzssar\[pose\]'"):
            list(packaged_poses(iter([])))


@pytest.mark.parametrize(
    ("start", "is_video"),
    [
        (b"\0\0\0\x1cftypisom", True),
        (b"\0\0\0\x14ftypqt  ", True),
        (b"\0\0\0\x08wide\0\0\0\0mdat", True),
        (b"RIFF\0\0\0\0AVI LIST", True),
        (b"\x1a\x45\xdf\xa3\x9f\x42", True),
        (b"\0\0\0\x1cftypheic", False),
        (b"\0\0\0\x1cftypavif", False),
        (b"\0\0\0\x1cftypM4A ", False),
        (b"RIFF\0\0\0\0WAVEfmt ", False),
        (b"ftypisom", False),
        (b"", False),
    ],
)
def test_videos_are_known_by_their_first_bytes(start, is_video):
    assert VideoReader().recognizes(PATH, start) is is_video


def test_another_layout_is_refused():
    with pytest.raises(ConfigError, match="has the joints of layout 'mediapipe33'"):
        VideoReader().open(PATH, ReadOptions(layout="ntu25"))


def test_a_folder_of_videos_and_skeletons(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((4, 25, 3)))
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x1cftypisom")
    source = open_clips(tmp_path, ReadOptions(layout="ntu25"))
    assert [entry.name for entry in source.entries] == ["a.npy"]
    assert source.unread == 1
    (tmp_path / "a.npy").unlink()
    assert [entry.name for entry in open_clips(tmp_path).entries] == ["a.mp4"]


@pytest.fixture
def opencv():
    return pytest.importorskip("cv2", reason="OpenCV is missing: pip install 'gzssar[pose]'")


def write_video(cv2, path, pictures, code, fps=25.0):
    height, width, _ = pictures[0].shape
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), fps, (width, height))
    assert writer.isOpened()
    for picture in pictures:
        writer.write(picture[..., ::-1])
    writer.release()
    return path


FILES = [("a.mp4", "mp4v"), ("a.mov", "mp4v"), ("a.mkv", "mp4v"), ("a.avi", "MJPG"), ("a.webm", "VP80")]


@pytest.mark.parametrize(("name", "code"), FILES)
def test_frames_come_in_order_as_red_green_blue(tmp_path, opencv, name, code):
    colours = [(250, 10, 10), (10, 250, 10), (10, 10, 250)]
    pictures = [np.full((64, 96, 3), colour, dtype=np.uint8) for colour in colours for _ in range(4)]
    path = write_video(opencv, tmp_path / name, pictures, code)
    seen = []

    def find_poses(pictures):
        for picture, number in zip(pictures, count(), strict=False):
            seen.append(int(picture.pixels.mean(axis=(0, 1)).argmax()))
            assert picture.time == number / 25
            yield Sighting(picture.time, (moved(0.1 * number),))

    clip = read_video(path, MEDIAPIPE33, ReadOptions(), find_poses)
    assert seen == [0] * 4 + [1] * 4 + [2] * 4
    assert (clip.fps, clip.name, clip.joints.shape[1]) == (25.0, name, 12)


def test_the_frame_rate_is_the_file_s(tmp_path, opencv):
    path = write_video(opencv, tmp_path / "a.avi", [np.zeros((64, 64, 3), dtype=np.uint8)] * 3, "MJPG")
    with pytest.raises(ConfigError, match="states 25 frames per second, but the options name 30"):
        read_video(path, MEDIAPIPE33, ReadOptions(fps=30.0), finder([moved(0)]))


def test_a_video_of_huge_pictures_is_refused_before_one_is_decoded(tmp_path, opencv, monkeypatch):
    video = SimpleNamespace(isOpened=lambda: True, get={3: 8208.0, 4: 16.0, 5: 25.0}.get)  # it cannot be read from
    assert (opencv.CAP_PROP_FRAME_WIDTH, opencv.CAP_PROP_FRAME_HEIGHT, opencv.CAP_PROP_FPS) == (3, 4, 5)
    monkeypatch.setattr(opencv, "VideoCapture", lambda path: video)
    path = tmp_path / "wide.avi"
    with pytest.raises(DataError, match=r"wide\.avi should have at most 8192 pixels .* but it has 8208 × 16: make it"):
        read_video(path, MEDIAPIPE33, ReadOptions(), finder([moved(0)]))


@pytest.mark.parametrize("data", [b"\0\0\0\x1cftypisom" + bytes(500), b"\x1a\x45\xdf\xa3", b"RIFF\0\0\0\0AVI LIST"])
def test_a_damaged_video(tmp_path, opencv, data, capfd):
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    with pytest.raises(DataError, match="should be a video, but it cannot be read"):
        list(read_clips(open_clips(path)))
    assert capfd.readouterr().err == ""


def test_a_video_that_is_cut_off(tmp_path, opencv):
    pictures = list(np.random.default_rng(0).integers(0, 255, (20, 64, 64, 3), dtype=np.uint8))
    path = write_video(opencv, tmp_path / "a.avi", pictures, "MJPG")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    clip = read_video(path, MEDIAPIPE33, ReadOptions(), finder([moved(0)] * 20))
    assert 0 < clip.joints.shape[1] < 20


@pytest.fixture
def astronaut(opencv):
    """A picture of somebody from head to hips, in scikit-image's wheel."""
    package = find_spec("skimage")
    if package is None or package.origin is None:
        pytest.skip("a picture of a person is missing: pip install --no-deps scikit-image")
    picture = opencv.imread(str(Path(package.origin).parent / "data" / "astronaut.png"))
    return picture[::2, ::2, ::-1]


def test_mediapipe_finds_a_person(tmp_path, opencv, astronaut):
    pytest.importorskip("mediapipe", reason="MediaPipe is missing: pip install --no-deps mediapipe==0.10.21")
    pictures = [np.roll(np.pad(astronaut, ((0, 0), (20, 60), (0, 0))), shift, axis=1) for shift in range(12)]
    pictures[6] = np.zeros_like(pictures[6])
    (clip,) = read_clips(open_clips(write_video(opencv, tmp_path / "a.mp4", pictures, "mp4v")))
    assert clip.joints.shape == (3, 12, 33, 1)
    assert clip.joints.any(axis=(0, 2, 3)).all()
    nose, left, right = clip.joints[:, :, [NOSE, LEFT_SHOULDER, RIGHT_SHOULDER], 0].mean(axis=1).T
    assert 0.2 < left[0] - right[0] < 0.6  # shoulders of a grown-up, who faces the camera
    assert nose[1] > max(left[1], right[1])
    assert nose[2] > max(left[2], right[2])
    assert clip.visibility[0, NOSE, 0] > 0.9
    assert clip.visibility[0, [27, 28], 0].max() < 0.8  # ankles, which are out of the picture
    assert clip.doubts == ()


def test_mediapipe_follows_another_person(tmp_path, opencv, astronaut):
    pytest.importorskip("mediapipe", reason="MediaPipe is missing: pip install --no-deps mediapipe==0.10.21")
    nobody = np.zeros_like(astronaut)
    pairs = [(astronaut, astronaut)] * 6 + [(nobody, astronaut)] * 6 + [(astronaut, nobody)] * 6
    pictures = [np.concatenate([left, nobody[:, :40], right], axis=1) for left, right in pairs]
    (clip,) = read_clips(open_clips(write_video(opencv, tmp_path / "a.mp4", pictures, "mp4v")))
    assert "several-people" in [doubt.code for doubt in clip.doubts]


def test_mediapipe_finds_nobody(tmp_path, opencv):
    pytest.importorskip("mediapipe", reason="MediaPipe is missing: pip install --no-deps mediapipe==0.10.21")
    path = write_video(opencv, tmp_path / "a.mp4", [np.zeros((64, 96, 3), dtype=np.uint8)] * 4, "mp4v")
    with pytest.raises(DataError, match="in 4 of 4 frames, nobody is seen"):
        list(read_clips(open_clips(path)))
