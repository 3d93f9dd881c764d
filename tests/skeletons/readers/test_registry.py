import numpy as np
import pytest

from gzssar.errors import ConfigError, DataError
from gzssar.skeletons.readers import ClipSource, open_clips, read_clip, read_clips
from gzssar.skeletons.readers.registry import READERS


def table(path, frames=5):
    np.savetxt(path, np.random.default_rng(0).normal(size=(frames, 75)), delimiter=",")


def test_each_reader_says_what_it_reads():
    kinds = [reader.kind for reader in READERS]
    assert len(set(kinds)) == len(kinds)


def test_content_none_of_the_readers_knows(tmp_path):
    (tmp_path / "clip.npz").write_text("a letter")
    with pytest.raises(DataError, match=r"should hold skeleton clips, but its content is none of: .*UTD-MHAD"):
        open_clips(tmp_path / "clip.npz")


def test_the_one_clip_of_a_file(tmp_path):
    table(tmp_path / "walk.csv", frames=7)
    clip = read_clip(str(tmp_path / "walk.csv"), layout="ntu25", fps=25.0)
    assert (clip.joints.shape, clip.fps) == ((3, 7, 25, 1), 25.0)
    with pytest.raises(ConfigError, match=r"name their layout, one of ntu25, .*") as raised:
        read_clip(tmp_path / "walk.csv")
    assert raised.value.for_terminal.endswith("smpl24. (--layout)")
    table(tmp_path / "run.csv")
    with pytest.raises(DataError, match="should hold one clip, but it holds 2: list them with open_clips"):
        read_clip(tmp_path, layout="ntu25")


def test_no_such_path(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        open_clips(tmp_path / "clips")


def test_a_folder_without_clips(tmp_path):
    (tmp_path / "notes.txt").write_text("none here")
    with pytest.raises(DataError, match="none of its 1 files is one of"):
        open_clips(tmp_path)


def test_a_folder_is_read_in_order_and_notes_are_counted(tmp_path):
    from gzssar.skeletons.readers import ReadOptions

    for name in ("a10", "a2", "sub/c"):
        path = tmp_path / f"{name}.npy"
        path.parent.mkdir(exist_ok=True)
        np.save(path, np.random.default_rng(0).normal(size=(4, 25, 3)))
    (tmp_path / "README").write_text("three clips")
    source = open_clips(tmp_path, ReadOptions(layout="ntu25"))
    assert [entry.name for entry in source.entries] == ["a2.npy", "a10.npy", "c.npy"]
    assert source.unread == 1
    assert [clip.joints.shape for clip in read_clips(source)] == [(3, 4, 25, 1)] * 3


def test_kinds_are_not_mixed(tmp_path):
    from gzssar.skeletons.readers import ReadOptions

    np.save(tmp_path / "a.npy", np.zeros((4, 25, 3)))
    table(tmp_path / "b.csv")
    with pytest.raises(DataError, match=r"clips of one kind .* but it holds CSV table"):
        open_clips(tmp_path, ReadOptions(layout="ntu25"))


def test_a_bad_clip_stops_unless_somebody_listens():
    from gzssar.skeletons.readers import ClipEntry

    def bad():
        raise DataError("broken")

    source = ClipSource("toy", [ClipEntry("x", bad)])
    with pytest.raises(DataError, match="broken"):
        list(read_clips(source))
    heard = []
    assert list(read_clips(source, lambda name, error: heard.append((name, str(error))))) == []
    assert heard == [("x", "broken")]
