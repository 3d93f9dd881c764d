import numpy as np
import pytest
from reader_files import annotation, bvh_text, pyskl_bytes

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
    message = (
        r"clip\.npz should hold .* but it looks like text: 'a letter'; docs/recordings\.md lists what can be read\."
    )
    with pytest.raises(DataError, match=message):
        open_clips(tmp_path / "clip.npz")


def test_the_one_clip_of_a_file(tmp_path):
    table(tmp_path / "walk.csv", frames=7)
    clip = read_clip(str(tmp_path / "walk.csv"), layout="ntu25", fps=25.0)
    assert (clip.joints.shape, clip.fps) == ((3, 7, 25, 1), 25.0)
    with pytest.raises(ConfigError, match=r"name the layout, one of ntu25, .*") as raised:
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
    with pytest.raises(DataError, match=r"none of its 1 files does: notes\.txt looks like text: 'none here'; docs/rec"):
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
    with pytest.raises(DataError, match=r"clips of one kind .* CSV table of .* and numpy array of joint positions: "):
        open_clips(tmp_path, ReadOptions(layout="ntu25"))


def test_a_table_without_a_layout_is_passed_over_beside_motion_files(tmp_path):
    (tmp_path / "sub").mkdir()
    table(tmp_path / "sub/forces.csv")
    (tmp_path / "walk.bvh").write_text(bvh_text([{}, {}]))
    source = open_clips(tmp_path)
    assert (source.kind, source.passed_over, source.unread) == ("BVH motion capture", ("sub/forces.csv",), 0)
    assert [entry.name for entry in source.entries] == ["walk.bvh"]
    (tmp_path / "walk.bvh").unlink()
    with pytest.raises(ConfigError, match=r"forces\.csv does not state its joint layout"):
        open_clips(tmp_path)


def test_a_file_that_cannot_be_opened_is_a_bad_clip_of_its_folder(tmp_path):
    (tmp_path / "a.pkl").write_bytes(pyskl_bytes(annotation(frame_dir="a")))
    (tmp_path / "b.pkl").write_bytes(pyskl_bytes(annotation())[:-50])
    (tmp_path / "c.pkl").write_bytes(pyskl_bytes(annotation(frame_dir="c")))
    source = open_clips(tmp_path)
    assert [entry.name for entry in source.entries] == ["a", "b.pkl", "c"]
    with pytest.raises(DataError, match=r"b\.pkl should be a pickle, but it is cut off"):
        list(read_clips(source))
    heard = []
    assert [clip.name for clip in read_clips(source, lambda name, _: heard.append(name))] == ["a", "c"]
    assert heard == ["b.pkl"]
    for path in (tmp_path / "a.pkl", tmp_path / "c.pkl"):
        path.unlink()
    assert [entry.name for entry in open_clips(tmp_path).entries] == ["b.pkl"]


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
