import numpy as np
import pytest
from reader_files import csv_bytes, first, walk

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.layout import LAYOUTS
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


@pytest.mark.parametrize("top", [b"", b"\xef\xbb\xbf", header(), b",".join([b"column"] * 75) + b"\r\n"])
def test_a_table_has_a_row_per_frame(read, top):
    clip = read(CSV, top + csv_bytes(walk(4, 25)) + b"\n\n")
    np.testing.assert_allclose(clip.joints[..., 0], walk(4, 25).transpose(2, 0, 1).astype(np.float32))
    assert (clip.fps, clip.label, clip.name) == (30, None, "clip")


def test_without_z_a_table_holds_pixels(read):
    clip = read(CSV, header("coco17", "xy") + csv_bytes(walk(3, 17, 2)), layout="coco17", fps=25.0)
    assert (clip.joints.shape, clip.fps) == ((2, 3, 17, 1), 25)
    assert clip.joints[:, 1, 16, 0].tolist() == pytest.approx([116, 116.1])


def test_the_layout_has_to_be_named(read):
    with pytest.raises(ConfigError, match=r"what its joints are: name their layout, one of ntu25, .*coco17"):
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


def test_a_header_in_another_order_is_refused(read):
    table = csv_bytes(walk(2, 25))
    joints = LAYOUTS["ntu25"].joint_names
    axis_by_axis = ",".join(f"{joint}_{axis}" for axis in "xyz" for joint in joints).encode() + b"\n"
    swapped = ",".join(f"{joint}_{axis}" for joint in joints[::-1] for axis in "xyz").encode() + b"\n"
    for top in (axis_by_axis, swapped, header(axes="zyx"), header(axes="xzy")):
        with pytest.raises(DataError, match=r"line 1, should name x, y and z of each joint .* names another order"):
            read(CSV, top + table)
    unknown = ",".join(f"j{number}{axis}" for number in range(25) for axis in "xyz").encode() + b"\n"
    assert read(CSV, unknown + table).joints.shape == (3, 2, 25, 1)


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
