import sys

import numpy as np
import pytest
from reader_files import c3d_bytes, first, trc_text

from gzssar.errors import ConfigError, DataError, MissingExtraError
from gzssar.skeletons.readers.c3d import C3dReader
from gzssar.skeletons.readers.reader import START, Reader, ReadOptions
from gzssar.skeletons.readers.trc import TrcReader

READER = C3dReader()


@pytest.fixture
def library():
    return pytest.importorskip("c3d", reason="c3d is missing: pip install 'gzssar[c3d]'")


@pytest.fixture
def read(tmp_path):
    """Write a file and read the clip."""

    def write_and_read(data, **options):
        (tmp_path / "clip.c3d").write_bytes(data)
        return first(READER, tmp_path / "clip.c3d", ReadOptions(**options))

    return write_and_read


def codes(clip):
    return [doubt.code for doubt in clip.doubts]


def test_it_is_a_reader():
    assert isinstance(READER, Reader)


def test_recognizes_files_with_parameters(tmp_path):
    path = tmp_path / "clip"
    path.write_bytes(c3d_bytes())
    assert READER.recognizes(path, c3d_bytes()[:START])
    path.write_bytes(c3d_bytes()[:515])
    assert not READER.recognizes(path, c3d_bytes()[:515])
    assert not READER.recognizes(tmp_path / "none", c3d_bytes()[:512])
    assert not READER.recognizes(path, b"\x02\x50")


def test_without_the_library_the_extra_is_named(read, monkeypatch):
    monkeypatch.setitem(sys.modules, "c3d", None)
    with pytest.raises(MissingExtraError, match=r"clip\.c3d is a C3D file, .* pip install 'gzssar\[c3d\]'"):
        read(c3d_bytes())


def test_points_that_are_joints_are_read(read, library, tmp_path):
    clip = read(c3d_bytes())
    (tmp_path / "clip.trc").write_text(trc_text())
    np.testing.assert_allclose(clip.joints, first(TrcReader(), tmp_path / "clip.trc", ReadOptions()).joints, atol=1e-6)
    assert (clip.fps, clip.layout.name, codes(clip)) == (50, "openpose25", ["joints-estimated", "z-is-up"])


def test_the_unit_is_stated_or_named(read, library):
    assert read(c3d_bytes(unit=""), unit="mm").joints[1, 0, 2, 0] == pytest.approx(1.4)
    with pytest.raises(DataError, match="does not state the unit of its positions: name the unit") as error:
        read(c3d_bytes(unit=""))
    assert error.value.option == "unit"
    with pytest.raises(ConfigError, match="states the unit 'mm', but the options name 'm'"):
        read(c3d_bytes(), unit="m")


def test_points_that_are_not_seen_are_missing(read, library):
    data = c3d_bytes(unseen=[(1, 2)])
    with pytest.raises(DataError, match="3 of 225 coordinates are NaN"):
        read(data)
    filled = read(data, fill_gaps=True)
    np.testing.assert_allclose(filled.joints, read(c3d_bytes()).joints, atol=1e-6)


def test_a_file_that_is_cut_off_is_read_and_says_so(read, library):
    size = 22 * 16
    clip = read(c3d_bytes(frames=9)[: 2048 + 4 * size + 20])
    assert clip.joints.shape[1] == 4
    assert codes(clip) == ["joints-estimated", "z-is-up", "frame-count"]
    with pytest.raises(DataError, match="should have frames and a positive number of them per second, but has 0 at 50"):
        read(c3d_bytes()[:2060])


def test_other_points_are_refused(read, library):
    with pytest.raises(DataError, match=r"markers that are joints .* others \(M0, M1, M2, M3\)"):
        read(c3d_bytes(labels=[f"M{number}" for number in range(22)]))


@pytest.mark.parametrize(("at", "value"), [(2, 9), (515, 99), (12, 1)])
def test_damage_is_refused(read, library, at, value):
    data = bytearray(c3d_bytes())
    data[at] = value
    with pytest.raises(DataError, match=r"clip\.c3d should be a C3D file, but it is damaged"):
        read(bytes(data))


def test_names_that_are_cut_off_are_refused(read, library):
    data = c3d_bytes()
    at = data.index(b"LABELS") + len(b"LABELS") + 2
    broken = data[: at + 3] + b"\xff" + data[at + 4 :]
    with pytest.raises(DataError, match="damaged"):
        read(broken)
