from dataclasses import replace

import numpy as np
import pytest

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.ntu_protocols import PROTOCOLS, is_training, read_missing, without
from gzssar.skeletons.readers.ntu import SampleIds
from gzssar.skeletons.readers.reader import ClipEntry, ClipSource
from gzssar.skeletons.sequence import SkeletonSequence

IDS = SampleIds(setup=1, camera=1, subject=1, replication=1, label=0)


def training(protocol, key, last):
    return [value for value in range(1, last + 1) if is_training(protocol, replace(IDS, **{key: value}))]


def test_subjects_of_ntu60():
    expected = [1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38]
    assert training("ntu60-xsub", "subject", 40) == expected


def test_subjects_of_ntu120_are_53_and_go_on_from_ntu60():
    found = training("ntu120-xsub", "subject", 106)
    assert len(found) == 53
    assert found[:20] == training("ntu60-xsub", "subject", 40)
    assert found[20:37] == [45, 46, 47, 49, 50, 52, 53, 54, 55, 56, 57, 58, 59, 70, 74, 78, 80]
    assert found[37:] == [81, 82, 83, 84, 85, 86, 89, 91, 92, 93, 94, 95, 97, 98, 100, 103]


def test_cameras_and_setups():
    assert training("ntu60-xview", "camera", 3) == [2, 3]
    assert training("ntu120-xset", "setup", 32) == list(range(2, 33, 2))


def test_clips_are_judged_like_their_ids():
    clip = SkeletonSequence(np.ones((3, 1, 25, 1)), 30.0, NTU25, label=119, subject=103, camera=1, setup=31)
    assert is_training("ntu120-xsub", clip)
    assert not is_training("ntu120-xset", clip)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_clip_without_ids_is_refused(protocol):
    clip = SkeletonSequence(np.ones((3, 1, 25, 1)), 30.0, NTU25, name="waving")
    with pytest.raises(DataError, match=f"clip 'waving' should have a {PROTOCOLS[protocol].divides_by}, because"):
        is_training(protocol, clip)


@pytest.mark.parametrize(
    ("protocol", "change", "message"),
    [
        ("ntu60-xsub", {"subject": 41}, "a subject from 1 to 40 under ntu60-xsub, but it has 41"),
        ("ntu60-xview", {"label": 60}, "a label from 0 to 59 under ntu60-xview, but it has 60"),
        ("ntu120-xsub", {"subject": 0}, "a subject from 1 to 106 under ntu120-xsub, but it has 0"),
        ("ntu120-xset", {"setup": 33}, "a setup from 1 to 32 under ntu120-xset, but it has 33"),
    ],
)
def test_a_clip_of_another_data_set_is_refused(protocol, change, message):
    with pytest.raises(DataError, match=message):
        is_training(protocol, replace(IDS, **change))


def test_an_unknown_protocol_is_refused():
    with pytest.raises(ConfigError, match=r"'xsub' should name a protocol, which are: ntu60-xsub, ntu60-xview, ntu120"):
        is_training("xsub", IDS)


LIST = """Three samples lack skeletons (2020).
Please leave them out.

S001C002P005R002A008
S001C002P006R001A008.skeleton  # one body too few

# found later
S032C003P106R002A120
"""
NAMES = {"S001C002P005R002A008", "S001C002P006R001A008", "S032C003P106R002A120"}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_list_of_missing_samples(tmp_path, newline, encoding):
    (tmp_path / "missing.txt").write_text(LIST, encoding=encoding, newline=newline)
    assert read_missing(tmp_path / "missing.txt") == NAMES


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "S001C002P005R002A08\n",
            "line 1, should hold one sample name SsssCcccPpppRrrrAaaa, but it holds 'S001C002P005",
        ),
        (LIST + "S1C1P1R1A1", "line 9, should hold one sample name .*, but it holds 'S1C1P1R1A1'"),
        (LIST + "and so on", "line 9, should hold one sample name .*, but it holds 'and so on'"),
        ("S001C002P005R002A008 S001C002P006R001A008", "line 1, should hold one sample name"),
        ("S001C002P005R002A000", "line 1, should hold one sample name"),
        ("Nothing is missing.", "should list sample names .*, but it holds none"),
        ("", "should list sample names .*, but it holds none"),
    ],
)
def test_a_bad_list_is_refused(tmp_path, text, message):
    (tmp_path / "missing.txt").write_text(text)
    with pytest.raises(DataError, match=f"missing.txt,? {message}"):
        read_missing(tmp_path / "missing.txt")


def test_a_list_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(DataError, match="it cannot be read"):
        read_missing(tmp_path / "missing.txt")
    (tmp_path / "missing.txt").write_bytes(b"\x80\x04\x95")
    with pytest.raises(DataError, match="it is not text"):
        read_missing(tmp_path / "missing.txt")


def test_samples_are_left_out_and_counted():
    names = [
        "S001C002P005R002A008.skeleton",
        "S001C002P005R002A008/S001C002P005R002A009.skeleton",
        "annotations.pkl: S001C002P006R001A008",
        "waving.skeleton",
    ]
    entries = [ClipEntry(name, lambda: pytest.fail("nothing should be read")) for name in names]
    source = ClipSource("files", entries, class_names=("wave",))
    left, count = without(source, frozenset(NAMES))
    assert [entry.name for entry in left.entries] == [names[1], names[3]]
    assert count == 2
    assert (left.kind, left.class_names) == ("files", ("wave",))
