import io
import zipfile

import numpy as np
import pytest
from reader_files import UTD_NAME, first, mat_bytes, utd_bytes, walk, zip_bytes

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.readers.reader import START, Reader, ReadOptions
from gzssar.skeletons.readers.utd_mhad import UtdMhadReader, UtdMhadZipReader

READER, ZIP_READER = UtdMhadReader(), UtdMhadZipReader()


def write(path, data):
    path.write_bytes(data)
    return path


def test_they_are_readers():
    assert isinstance(READER, Reader)
    assert isinstance(ZIP_READER, Reader)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_is_a_clip(tmp_path, compressed):
    path = write(tmp_path / UTD_NAME, utd_bytes(frames=4, compressed=compressed))
    assert READER.recognizes(path, path.read_bytes()[:START])
    clip = first(READER, path, ReadOptions())
    assert clip.joints.shape == (3, 4, 20, 1)
    assert clip.joints[:, 3, 19, 0].tolist() == pytest.approx([319, 319.1, 319.2])
    assert (clip.layout.name, clip.fps, clip.name) == ("utd20", 30, UTD_NAME)
    assert (clip.label, clip.subject, clip.camera) == (2, 5, None)


def test_classes_are_named_in_order_of_label(tmp_path):
    names = READER.open(write(tmp_path / UTD_NAME, utd_bytes()), ReadOptions()).class_names
    assert len(set(names)) == 27
    assert (names[0], names[2], names[26]) == ("swipe left", "wave one hand", "squat")


def test_an_archive_lists_its_clips_by_action_subject_and_trial(tmp_path):
    names = ["a10_s1_t1", "a2_s10_t1", "a2_s9_t2", "a2_s9_t1", "a1_s1_t1"]
    files = {f"Skeleton/{name}_skeleton.mat": utd_bytes(frames) for frames, name in enumerate(names, start=1)}
    others = {"Skeleton/": b"", "Skeleton/order.txt": b"text", "__MACOSX/._a1_s1_t1_skeleton.mat": b"junk"}
    path = write(tmp_path / "Skeleton.zip", zip_bytes(others | files))
    assert ZIP_READER.recognizes(path, path.read_bytes()[:START])
    source = ZIP_READER.open(path, ReadOptions())
    clips = [entry.read() for entry in source.entries]
    assert [clip.name.removesuffix("_skeleton.mat") for clip in clips] == names[::-1]
    assert [clip.joints.shape[1] for clip in clips] == [5, 4, 3, 2, 1]
    assert [clip.label for clip in clips] == [0, 1, 1, 1, 9]
    assert len(source.class_names) == 27


def test_nothing_is_extracted(tmp_path):
    path = write(tmp_path / "Skeleton.zip", zip_bytes({f"Skeleton/{UTD_NAME}": utd_bytes()}))
    first(ZIP_READER, path, ReadOptions())
    assert list(tmp_path.iterdir()) == [path]


def test_an_archive_not_to_be_trusted_is_refused(tmp_path):
    path = write(tmp_path / "Skeleton.zip", zip_bytes({f"../../{UTD_NAME}": utd_bytes()}))
    assert ZIP_READER.recognizes(path, path.read_bytes()[:START])
    with pytest.raises(DataError, match=r"entry '\.\./\.\./a3_s5_t2_skeleton\.mat' leads out of its folder"):
        ZIP_READER.open(path, ReadOptions())


def test_a_malformed_clip_names_archive_and_entry(tmp_path):
    path = write(tmp_path / "Skeleton.zip", zip_bytes({f"Skeleton/{UTD_NAME}": utd_bytes()[:200]}))
    with pytest.raises(
        DataError, match=rf"Skeleton\.zip: Skeleton/{UTD_NAME} should be a MATLAB file, but it is damaged"
    ):
        first(ZIP_READER, path, ReadOptions())


def test_a_single_frame_may_lack_its_axis(tmp_path):
    path = write(tmp_path / UTD_NAME, mat_bytes(walk(1, 20)[0]))
    assert first(READER, path, ReadOptions()).joints.shape == (3, 1, 20, 1)


def test_an_unusual_name_tells_no_label(tmp_path):
    clip = first(READER, write(tmp_path / "mine.mat", utd_bytes()), ReadOptions())
    assert (clip.label, clip.subject) == (None, None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            mat_bytes(walk(4, 25).transpose(1, 2, 0)),
            r"d_skel with 20 joints, 3 coordinates and frames, .* \(25, 3, 4\)",
        ),
        (mat_bytes(np.zeros((20, 3, 0))), "at least one frame"),
        (mat_bytes(np.full((20, 3, 2), np.nan)), "120 of 120 coordinates are NaN"),
        (mat_bytes(walk(2, 3), name="d_iner"), r"a variable 'd_skel', but it holds \['d_iner'\]"),
        (utd_bytes()[:-8], "is damaged"),
    ],
)
def test_what_is_malformed_is_refused(tmp_path, data, message):
    with pytest.raises(DataError, match=message):
        first(READER, write(tmp_path / UTD_NAME, data), ReadOptions())


@pytest.mark.parametrize("action", [0, 28])
def test_an_action_that_does_not_exist_is_refused(tmp_path, action):
    path = write(tmp_path / f"a{action}_s1_t1_skeleton.mat", utd_bytes())
    with pytest.raises(DataError, match=f"of action 1 to 27 by its name, but it is of {action}"):
        first(READER, path, ReadOptions())


def test_the_layout_is_known(tmp_path):
    path = write(tmp_path / UTD_NAME, utd_bytes())
    assert first(READER, path, ReadOptions(layout="utd20", fps=15.0)).fps == 15
    with pytest.raises(ConfigError, match="layout 'utd20', but the options name 'kinect20'"):
        READER.open(path, ReadOptions(layout="kinect20"))


def test_recognizes_nothing_else(tmp_path):
    for other in (b"", b"1,2,3", zip_bytes({"joints.npy": b""}), zip_bytes({"a1.mat": b""})):
        assert not READER.recognizes(tmp_path, other)
        assert not ZIP_READER.recognizes(tmp_path, other)


def test_the_authors_archive(shared_data):
    path = shared_data / "utd_mhad" / "Skeleton.zip"
    with path.open("rb") as file:
        assert ZIP_READER.recognizes(path, file.read(START))
    entries = ZIP_READER.open(path, ReadOptions()).entries
    clips = [entry.read() for entry in entries[::40]]
    assert len(entries) == 861
    assert {clip.subject for clip in clips} <= set(range(1, 9))
    assert [clip.label for clip in clips] == sorted(clip.label for clip in clips)
    for clip in clips:
        head, feet = clip.joints[1, :, 0], clip.joints[1, :, [15, 19]]
        assert (head - feet.mean(axis=0)).mean() == pytest.approx(1.5, abs=0.4)  # metres, y up


def test_the_authors_archive_as_scipy_reads_it(shared_data):
    import scipy.io

    path = shared_data / "utd_mhad" / "Skeleton.zip"
    with zipfile.ZipFile(path) as archive:
        for entry in ZIP_READER.open(path, ReadOptions()).entries[::200]:
            file = io.BytesIO(archive.read(f"Skeleton/{entry.name}"))
            expected = scipy.io.loadmat(file)["d_skel"].astype(np.float32)
            np.testing.assert_array_equal(entry.read().joints[..., 0], expected.transpose(1, 2, 0))
