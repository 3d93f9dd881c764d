"""The unit that a user names, by the readers that use it and by those that do not."""

from pathlib import Path

import numpy as np
import pytest
from reader_files import annotation, csv_bytes, npy_bytes, npz_bytes, pyskl_bytes, ucla_bytes, uniform_arrays, walk

from gzssar.commands.options import Reading, read_options
from gzssar.errors import ConfigError
from gzssar.skeletons.readers import open_clips, read_clip
from gzssar.skeletons.readers.reader import ReadOptions
from gzssar.skeletons.readers.units import in_metres, metres_per_unit, unit_by_body

FILE = Path("clip.trc")


@pytest.mark.parametrize(("name", "data"), [("clip.csv", csv_bytes), ("clip.npy", npy_bytes)])
def test_tables_and_arrays_are_brought_to_metres(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data(walk(3, 25) + 1))
    plain, clip = (read_clip(path, "ntu25", 30.0, unit=unit) for unit in (None, "mm"))
    np.testing.assert_allclose(clip.joints, plain.joints / 1000, rtol=1e-6)
    with pytest.raises(ConfigError, match="the unit should be one of m, cm, mm, in, ft, but it is 'yards'"):
        read_clip(path, "ntu25", 30.0, unit="yards")
    path.write_bytes(data(walk(3, 17, 2) + 1))
    with pytest.raises(ConfigError, match="positions in a picture are in pixels, but the options name 'mm'"):
        read_clip(path, "coco17", 30.0, unit="mm")


def test_a_format_that_has_metres_rules_other_units_out(tmp_path):
    (tmp_path / "clip.json").write_bytes(ucla_bytes())
    assert read_clip(tmp_path / "clip.json", unit="m").joints.shape[1] == 2
    with pytest.raises(ConfigError, match=r"in metres or pixels, as its format says, but .* the unit 'cm'") as caught:
        read_clip(tmp_path / "clip.json", unit="cm")
    assert caught.value.option == "unit"


@pytest.mark.parametrize(
    ("stated", "scale"), [("mm", 0.001), (" Meters ", 1), ("CM", 0.01), ("Inches", 0.0254), ("feet", 0.3048)]
)
def test_files_spell_units_in_many_ways(stated, scale):
    assert metres_per_unit(ReadOptions(), stated, FILE) == scale


def test_a_unit_may_be_unknown():
    assert metres_per_unit(ReadOptions(), None, FILE) is None
    assert metres_per_unit(ReadOptions(unit="ft"), None, FILE) == 0.3048


def test_the_command_line_passes_the_unit_on():
    assert read_options(Reading(unit="in")) == ReadOptions(unit="in")


@pytest.mark.parametrize("kind", ["i1", "i2", "f2", "f4", "i4", "f8"])
def test_numbers_of_any_kind_are_scaled_in_32_bits(kind):
    joints = np.full((3, 1, 25, 1), 101, kind)
    metres, _, _ = in_metres(joints, ReadOptions(unit="mm"), unit_by_body(joints))
    assert metres.dtype == np.float32
    np.testing.assert_allclose(metres, 0.101, rtol=1e-7)
    assert (joints == 101).all()


@pytest.mark.filterwarnings("error")
def test_infinite_positions_bring_no_warning():
    joints = np.full((3, 1, 1, 1), np.inf, np.float32)
    joints[0].view(np.uint32)[:] = 0x7F800001  # NaN that signals
    metres, _, _ = in_metres(joints, ReadOptions(unit="mm"), unit_by_body(joints))
    assert not np.isfinite(metres).any()
    assert unit_by_body(joints).metres == 1


STANDING = np.random.default_rng(0).uniform(1, 2.5, (8, 25, 3)) * [1, 1.1, 1]  # T V C, some 1.6 m in height
WRITERS = {
    "clip.csv": csv_bytes,
    "clip.npy": npy_bytes,
    "clip.npz": lambda clip: npz_bytes(
        uniform_arrays()
        | {"joints": clip.astype("f4"), "offsets": np.array([0, 2, 5, 8]), "joint_names": np.full(25, "?")}
    ),
    "clip.pkl": lambda clip: pyskl_bytes(annotation() | {"keypoint": clip[None].astype("f4"), "total_frames": 8}),
}


def written(path, frames):
    path.write_bytes(WRITERS[path.name](frames))
    return path


def first_of(path, unit=None):
    return open_clips(path, ReadOptions("ntu25", unit=unit)).entries[0].read()


def unit_told(clip):
    return [doubt.sentence for doubt in clip.doubts if doubt.code == "unit-assumed"]


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize(("unit", "spelled", "metres"), [("mm", "millimetres", 0.001), ("cm", "centimetres", 0.01)])
def test_arrays_and_tables_take_the_unit_by_the_size_of_the_bodies(tmp_path, name, unit, spelled, metres):
    path = written(tmp_path / name, STANDING / metres)
    clip = first_of(path)
    expected = STANDING[: clip.joints.shape[1]].transpose(2, 0, 1)[..., None]
    np.testing.assert_allclose(clip.joints, expected, rtol=1e-5)
    assert unit_told(clip) == [
        f"The file states no unit, but the size of its bodies suggests {spelled}: name the unit with --unit {unit}."
    ]


@pytest.mark.parametrize("name", WRITERS)
def test_a_named_unit_wins(tmp_path, name):
    path = written(tmp_path / name, STANDING * 100)
    clip = first_of(path, "m")
    np.testing.assert_allclose(clip.joints[:, 0, :, 0], STANDING[0].T * 100, rtol=1e-5)
    assert unit_told(clip) == []


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("scale", [0.2, 1.0, 1.8, 10.0, 39.37, 1e6])  # 10: decimetres, 39.37: inches
def test_other_sizes_are_left_alone(tmp_path, name, scale):
    clip = first_of(written(tmp_path / name, STANDING * scale))
    np.testing.assert_allclose(clip.joints[:, 0, :, 0], STANDING[0].T * scale, rtol=1e-5)
    assert unit_told(clip) == []


def test_pixels_are_left_alone(tmp_path):
    pixels = STANDING * [1000, 1000, 0.3]  # x, y and a score
    (tmp_path / "clip.npy").write_bytes(npy_bytes(pixels))
    clip = read_clip(tmp_path / "clip.npy", "openpose25")
    np.testing.assert_allclose(clip.joints[..., 0], pixels[..., :2].transpose(2, 0, 1), rtol=1e-6)
    assert unit_told(clip) == []


def test_a_file_of_clips_has_one_unit(tmp_path):
    crouching = STANDING * [1, 0.25, 0.25] * [0.3, 1, 1]
    clips = np.stack([STANDING, STANDING, crouching]).transpose(0, 3, 1, 2)[..., None] * 1000  # N C T V M
    clips[:, :, 5:] = 0  # padding
    clips[:, :, 2, 7] = 0  # a joint that is missing
    (tmp_path / "clips.npy").write_bytes(npy_bytes(clips))
    read = [entry.read() for entry in open_clips(tmp_path / "clips.npy", ReadOptions("ntu25")).entries]
    np.testing.assert_allclose(read[2].joints[:, 0], clips[2, :, 0] / 1000, rtol=1e-5)
    assert [len(unit_told(clip)) for clip in read] == [1, 1, 1]


def test_a_pickle_of_annotations_has_one_unit(tmp_path):
    crouching = STANDING * [1, 0.25, 0.25] * [0.3, 1, 1]  # too small for a clip of its own to tell
    keypoints = [clip[None].astype("f4") * 1000 for clip in (STANDING, STANDING, crouching)]
    odd = annotation() | {"keypoint": np.zeros((2, 3), "f4"), "total_frames": 2}  # named when it is read
    annotations = [annotation() | {"keypoint": keypoint, "total_frames": 8} for keypoint in keypoints]
    (tmp_path / "clips.pkl").write_bytes(pyskl_bytes(*annotations, odd))
    read = [entry.read() for entry in open_clips(tmp_path / "clips.pkl").entries[:3]]
    np.testing.assert_allclose(read[2].joints, keypoints[2].transpose(3, 1, 2, 0) / 1000, rtol=1e-5)
    assert [len(unit_told(clip)) for clip in read] == [1, 1, 1]


def test_missing_joints_tell_no_size(tmp_path):
    frames = STANDING * 1000
    frames[3:, 7], frames[1] = np.nan, np.nan
    (tmp_path / "clip.npy").write_bytes(npy_bytes(frames))
    clip = read_clip(tmp_path / "clip.npy", "ntu25", fill_gaps=True)
    np.testing.assert_allclose(clip.joints[:, 0, :, 0], STANDING[0].T, rtol=1e-5)
