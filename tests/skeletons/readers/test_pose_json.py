"""People in pictures, as OpenPose, AlphaPose and Kinetics-Skeleton write them."""

import json

import numpy as np
import pytest
from reader_files import alphapose_bytes, first, kinetics_bytes, openpose_bytes, scored

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.readers import open_clips, read_clips
from gzssar.skeletons.readers.alphapose import AlphaPoseReader
from gzssar.skeletons.readers.finding import find_files
from gzssar.skeletons.readers.kinetics import KineticsReader
from gzssar.skeletons.readers.openpose import OpenPoseReader
from gzssar.skeletons.readers.reader import START, FrameReader, Reader, ReadOptions

OPENPOSE, ALPHAPOSE, KINETICS = OpenPoseReader(), AlphaPoseReader(), KineticsReader()


def codes(clip):
    return [doubt.code for doubt in clip.doubts]


def write_frames(folder, frames, video="walk"):
    """OpenPose's files, from frame 3 on; each frame is a list of people (V, 3)."""
    folder.mkdir(exist_ok=True)
    for number, people in enumerate(frames, start=3):
        content = openpose_bytes(*people) if people else b'{"version":1.3,"people":[]}'
        (folder / f"{video}_{number:012}_keypoints.json").write_bytes(content)


@pytest.fixture
def read(tmp_path):
    """Write the bytes of a file and read its first clip."""

    def write_and_read(reader, data, **options):
        (tmp_path / "clip_000.json").write_bytes(data)
        return first(reader, tmp_path / "clip_000.json", ReadOptions(**options))

    return write_and_read


def test_they_are_readers():
    assert all(isinstance(reader, Reader) for reader in (OPENPOSE, ALPHAPOSE, KINETICS))
    assert isinstance(OPENPOSE, FrameReader)
    assert not isinstance(ALPHAPOSE, FrameReader)


# OpenPose


def test_a_folder_of_frames_is_a_clip_per_video(tmp_path):
    walk, run = scored(12, 25), -scored(2, 18)
    run[..., 2] = 0.25
    write_frames(tmp_path / "all", [[pose] for pose in walk])
    write_frames(tmp_path / "all", [[pose] for pose in run], video="run_2")
    (tmp_path / "all" / "README").write_text("two videos")
    source = open_clips(tmp_path)
    assert source.unread == 1
    second, clip = read_clips(source)
    assert (clip.name, clip.layout.name, clip.fps, codes(clip)) == ("walk", "openpose25", 30, ["frame-rate-assumed"])
    np.testing.assert_allclose(clip.joints[..., 0], walk[..., :2].transpose(2, 0, 1), rtol=1e-6)
    np.testing.assert_array_equal(clip.visibility, np.full((12, 25, 1), 0.5))
    assert (second.name, second.layout.name, second.joints.shape) == ("run_2", "openpose18", (2, 2, 18, 1))
    files = sorted(str(path) for path in (tmp_path / "all").glob("*.json"))
    assert len(files) == 14
    assert [path.name[:5] for path, _ in find_files(files)] == ["run_2", "walk_"]


def test_files_may_be_called_by_the_number_of_their_frame_alone(tmp_path):
    walk = scored(12, 25)
    for frame, pose in enumerate(walk):
        (tmp_path / f"{frame}.json").write_bytes(openpose_bytes(pose))
    (clip,) = read_clips(open_clips(tmp_path))
    np.testing.assert_allclose(clip.joints[..., 0], walk[..., :2].transpose(2, 0, 1), rtol=1e-6)


def test_frames_without_anybody_and_lost_files_are_absent(tmp_path):
    poses = scored(5, 25)
    write_frames(tmp_path, [[], [poses[1]], [poses[2]], [poses[3]], []])
    (tmp_path / "walk_000000000005_keypoints.json").unlink()
    clip = next(read_clips(open_clips(tmp_path)))
    assert clip.joints.any(axis=(0, 2, 3)).tolist() == [False, True, False, True, False]
    assert not clip.visibility[2].any()


def test_joints_without_a_score_are_filled_and_not_at_the_corner(tmp_path):
    poses = scored(5, 25)
    whole = poses[2, 4, :2].copy()
    poses[2, 4] = 0
    write_frames(tmp_path, [[pose] for pose in poses])
    clip = next(read_clips(open_clips(tmp_path)))
    assert clip.joints[:, 2, 4, 0].tolist() == pytest.approx(whole.tolist())
    assert (clip.visibility[2, 4, 0], codes(clip)) == (0, ["frame-rate-assumed", "joints-missing"])


def test_people_are_followed_when_they_change_order_and_the_surest_two_kept(tmp_path):
    left, right, far = (
        scored(3, 25),
        scored(3, 25) + np.array([5000, 0, 0.25]),
        scored(3, 25) + np.array([0, 9000, -0.25]),
    )
    write_frames(tmp_path, [[left[0], far[0], right[0]], [right[1], left[1]], [left[2], right[2]]])
    clip = next(read_clips(open_clips(tmp_path)))
    np.testing.assert_allclose(clip.joints[..., 0], right[..., :2].transpose(2, 0, 1), rtol=1e-6)
    np.testing.assert_allclose(clip.joints[..., 1], left[..., :2].transpose(2, 0, 1), rtol=1e-6)
    assert clip.doubts[1].code == "people-followed"
    assert clip.doubts[1].sentence.startswith("The file does not tell its 3 people apart")
    assert "the 2 who are seen most often were kept" in clip.doubts[1].sentence


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"people": []}', "nobody is seen"),
        (openpose_bytes(scored(1, 25) * 0), "nobody is seen"),
        (b'{"people": 3}', "a list of 'people'"),
        (b"[]", "a list of 'people'"),
        (b'{"people": [{}]}', "a list of numbers for each person"),
        (b'{"people": [{"pose_keypoints_2d": [true, 1, 2]}]}', "a list of numbers for each person"),
        (openpose_bytes(scored(1, 15)), "25 or 18 joints with x, y and score each, but it has 45 numbers"),
        (openpose_bytes(scored(1, 25), scored(1, 18)), "should have 25 joints, as the other people of this video do"),
        (b'{"people": [' + b"[" * 100_000, "cut off or damaged"),
        (openpose_bytes()[:-2], "cut off or damaged"),
    ],
)
def test_malformed_frames_are_refused(read, data, message):
    with pytest.raises(DataError, match=rf"clip.* {message}"):
        read(OPENPOSE, data)


def test_frame_numbers_that_jump_are_refused(tmp_path):
    write_frames(tmp_path, [[scored(1, 25)]])
    (tmp_path / "walk_999999999999_keypoints.json").write_bytes(openpose_bytes())
    with pytest.raises(DataError, match="its frame numbers jump"):
        list(read_clips(open_clips(tmp_path)))


def test_options_of_openpose(tmp_path):
    write_frames(tmp_path, [[scored(1, 25)]])
    assert next(read_clips(open_clips(tmp_path, ReadOptions("openpose25", 25.0)))).fps == 25
    with pytest.raises(ConfigError, match="layout 'openpose25', but the options name 'coco17'"):
        list(read_clips(open_clips(tmp_path, ReadOptions("coco17"))))


# AlphaPose


def test_a_clip_is_one_person_of_one_video(tmp_path):
    one, other = json.loads(alphapose_bytes(4)), json.loads(alphapose_bytes(3, idx=2))
    elsewhere = json.loads(alphapose_bytes(2, idx=1.0))
    for item in elsewhere:
        item["image_id"] = item["image_id"].replace("walk_", "run/")
    (tmp_path / "results.json").write_text(json.dumps([*reversed(one), *other, *elsewhere]))
    entries = ALPHAPOSE.open(tmp_path / "results.json", ReadOptions()).entries
    names = ["results.json[walk person 1]", "results.json[walk person 2]", "results.json[run/ person 1]"]
    assert [entry.name for entry in entries] == names
    clips = [entry.read() for entry in entries]
    assert [clip.joints.shape for clip in clips] == [(2, 4, 17, 1), (2, 3, 17, 1), (2, 2, 17, 1)]
    np.testing.assert_allclose(clips[0].joints[..., 0], scored(4, 17)[..., :2].transpose(2, 0, 1), rtol=1e-6)
    assert (clips[0].layout.name, clips[0].visibility[0, 0, 0], codes(clips[0])) == (
        "coco17",
        0.5,
        ["frame-rate-assumed"],
    )


def test_people_who_were_not_tracked_are_one_clip(read):
    items = [{key: value for key, value in item.items() if key != "idx"} for item in json.loads(alphapose_bytes(3))]
    beside = [item | {"keypoints": (scored(3, 17)[n] + [900, 0, 0]).ravel().tolist()} for n, item in enumerate(items)]
    clip = read(ALPHAPOSE, json.dumps(items + beside).encode(), fps=25.0)
    assert (clip.joints.shape, codes(clip)) == ((2, 3, 17, 2), ["people-followed"])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (alphapose_bytes(keypoints=[1.0] * 78), "51 'keypoints', x, y and score of the 17 joints .* it has 78 numbers"),
        (alphapose_bytes(keypoints=[True] * 51), "51 'keypoints', .* it has something else"),
        (alphapose_bytes(image_id="picture"), "an 'image_id' that ends in the number of a frame"),
        (alphapose_bytes(image_id=None), "an 'image_id'"),
        (alphapose_bytes(image_id=True), "an 'image_id'"),
        (alphapose_bytes()[:-1], "should be JSON, but it is cut off"),
        (alphapose_bytes()[:-2] + b" 3]", "should be JSON"),
        (b'{"a": 1}', "should be JSON"),
    ],
)
def test_malformed_results_are_refused(read, data, message):
    with pytest.raises(DataError, match=rf"clip_000\.json.* {message}"):
        read(ALPHAPOSE, data)


# Kinetics-Skeleton


def test_a_video_of_kinetics(read):
    clip = read(KINETICS, kinetics_bytes(4))
    np.testing.assert_allclose(clip.joints[..., 0], scored(4, 18)[..., :2].transpose(2, 0, 1), rtol=1e-6)
    assert (clip.layout.name, clip.label, clip.name, clip.visibility[3, 17, 0]) == (
        "openpose18",
        7,
        "clip_000.json",
        0.5,
    )
    assert codes(clip) == ["frame-rate-assumed"]
    assert read(KINETICS, kinetics_bytes(label_index=-1)).label is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (kinetics_bytes(data=[]), "nobody is seen"),
        (kinetics_bytes(data={}), "'data', a list of frames"),
        (kinetics_bytes(data=[3]), "frame 0 should have a 'frame_index'"),
        (kinetics_bytes(data=[{"frame_index": True, "skeleton": []}]), "frame 0 should have a 'frame_index'"),
        (kinetics_bytes(data=[{"frame_index": 1, "skeleton": [{"pose": [0.5] * 36}]}]), "18 as their 'score'"),
        (kinetics_bytes(label_index="7"), "a whole number from 0 on as its 'label_index'"),
        (kinetics_bytes()[:-1], "should be JSON"),
    ],
)
def test_malformed_videos_are_refused(read, data, message):
    with pytest.raises(DataError, match=rf"clip_000\.json.* {message}"):
        read(KINETICS, data)


def test_each_recognizes_its_own_only(tmp_path):
    own = {
        OPENPOSE: [openpose_bytes(), b'{"version":1.3,"people":[]}', b'\xef\xbb\xbf {"people": [ ]}'],
        ALPHAPOSE: [alphapose_bytes()],
        KINETICS: [kinetics_bytes(), kinetics_bytes(data=[])],
    }
    for reader in own:
        for other, files in own.items():
            for data in files:
                assert reader.recognizes(tmp_path, data[:START]) is (reader is other)
        for data in (b"", b'{"people": 3}', b'[{"image_id": 3}]', b'{"data": [1]}'):
            assert not reader.recognizes(tmp_path, data)
