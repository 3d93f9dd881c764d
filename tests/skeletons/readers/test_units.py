"""The unit that a user names, by the readers that use it and by those that do not."""

from pathlib import Path

import numpy as np
import pytest
from reader_files import csv_bytes, npy_bytes, ucla_bytes, walk

from gzssar.commands.options import Reading, read_options
from gzssar.errors import ConfigError
from gzssar.skeletons.readers import read_clip
from gzssar.skeletons.readers.reader import ReadOptions
from gzssar.skeletons.readers.units import in_metres, metres_per_unit

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


@pytest.mark.filterwarnings("error")
def test_infinite_positions_bring_no_warning():
    joints = np.full((3, 1, 1, 1), np.inf, np.float32)
    joints[0].view(np.uint32)[:] = 0x7F800001  # NaN that signals
    metres, _ = in_metres(joints, ReadOptions(unit="mm"))
    assert not np.isfinite(metres).any()
