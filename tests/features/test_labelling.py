"""Classes of clips from their folders' names and from tables of labels."""

import json
from pathlib import Path

import numpy as np
import pytest

from gzssar.errors import DataError, TextError
from gzssar.features.label_tables import read_label_table
from gzssar.features.labelling import Labelling, labelled
from gzssar.skeletons.layout import NTU25
from gzssar.skeletons.readers import ReadOptions, open_clips, read_clips

FRAMES = 90
OPTIONS = ReadOptions("ntu25", 30.0)


def write_clip(path, number=0):
    """Three seconds in which the first coordinate of all joints counts frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    joints = np.full((FRAMES, 25, 3), 1.0 + number, dtype=np.float32)
    joints[..., 0] = np.arange(FRAMES)[:, None]
    np.save(path, joints)


def write_archive(path, label):
    """One clip that states its class; -1 for none."""
    path.parent.mkdir()
    stated = {} if label < 0 else {"label": np.array([label])}
    np.savez(
        path,
        joints=np.ones((9, 25, 3), dtype=np.float32),
        offsets=np.array([0, 9]),
        joint_names=np.array(NTU25.joint_names),
        fps=np.float32(30),
        **stated,
    )


@pytest.fixture
def clips(tmp_path):
    for number, name in enumerate(("wave/a.npy", "wave/b.npy", "Sit down/c.npy", "sit down/d.npy")):
        write_clip(tmp_path / "clips" / name, number)
    return tmp_path / "clips"


def opened(root, table=None, names=None):
    return labelled(open_clips(root, OPTIONS), root, Labelling(table, names))


def by_name(source):
    return {clip.name: clip for clip in read_clips(source)}


def classes(source):
    return {clip.name: None if clip.label is None else source.class_names[clip.label] for clip in read_clips(source)}


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


# folders


def test_folders_name_the_classes(clips):
    source = opened(clips)
    assert source.class_names == ("Sit down", "wave")
    assert classes(source) == {
        "Sit down/c.npy": "Sit down",
        "sit down/d.npy": "Sit down",
        "wave/a.npy": "wave",
        "wave/b.npy": "wave",
    }
    assert source.told == ("classes come from the names of folders: Sit down, sit down, wave",)


def test_folders_are_matched_to_class_texts(clips):
    source = opened(clips, names=("walk", "WAVE", "SitDown"))
    assert source.class_names == ("walk", "WAVE", "SitDown")
    assert [clip.label for clip in read_clips(source)] == [2, 2, 1, 1]


def test_a_folder_without_a_class_is_refused(clips):
    with pytest.raises(TextError, match=r"'wave' \(nearest: 'waves'\) is none of their 2 labels: rename it"):
        opened(clips, names=("waves", "sit down"))
    both = r"'Sit down' \(nearest: 'sit downs'\) is none .*; neither is 'wave' \(nearest: 'waves'\): rename them"
    with pytest.raises(TextError, match=both):
        opened(clips, names=("waves", "sit downs"))
    with pytest.raises(TextError, match="there are no labels"):
        opened(clips, names=("", ""))


def test_a_folder_of_frames_is_a_clip_and_no_class(tmp_path):
    person = {"people": [{"pose_keypoints_2d": [float(k % 97 + 1) for k in range(75)]}]}
    for folder, video in (("wave/v1", "v1"), ("wave/v2", "v2"), ("sit/v3", "v3"), (".", tmp_path.name)):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for frame in range(3):
            write(tmp_path / folder / f"{video}_{frame:012}_keypoints.json", json.dumps(person))
    source = labelled(open_clips(tmp_path), tmp_path, Labelling())
    assert classes(source) == {tmp_path.name: None, "wave/v1": "wave", "wave/v2": "wave", "sit/v3": "sit"}


def test_one_folder_is_no_class(tmp_path):
    for name in ("recordings/a.npy", "recordings/b.npy"):
        write_clip(tmp_path / name)
    source = opened(tmp_path)
    assert (source.class_names, source.told) == ((), ())
    assert [clip.label for clip in read_clips(source)] == [None, None]


def test_files_beside_the_folders_have_no_class(clips):
    write_clip(clips / "e.npy")
    assert classes(opened(clips))["e.npy"] is None


def test_files_that_state_their_classes_keep_them(tmp_path):
    for folder, label in (("one", 3), ("two", 5)):
        write_archive(tmp_path / folder / "clips.npz", label)
    assert [clip.label for clip in read_clips(opened(tmp_path))] == [3, 5]


def test_a_class_among_clips_without_is_refused(tmp_path):
    for folder, label in (("one", -1), ("two", 5)):
        write_archive(tmp_path / folder / "clips.npz", label)
    with pytest.raises(DataError, match=r"clip 'two/clips\.npz\[0\]' should state no class, .* but it states class 5"):
        list(read_clips(opened(tmp_path)))


# tables


def test_a_table_names_classes_performers_and_stretches(clips, tmp_path):
    table = write(
        tmp_path / "labels.csv",
        "path,label,performer,start,end\nwave/a.npy,wave,7,,\nwave/b.npy,kick,2,0.5,1\nb.npy,jump,2,2,\n",
    )
    source = opened(clips, table)
    assert source.class_names == ("jump", "kick", "wave")
    read = by_name(source)
    assert {name: (clip.label, clip.subject) for name, clip in read.items()} == {
        "wave/a.npy": (2, 7),
        "wave/b.npy 0.5–1 s": (1, 2),
        "wave/b.npy 2– s": (0, 2),
    }
    assert read["wave/b.npy 0.5–1 s"].joints[0, :, 0, 0].tolist() == list(range(15, 30))
    assert read["wave/b.npy 2– s"].joints[0, :, 0, 0].tolist() == list(range(60, 90))
    assert source.told == (f"2 clips have no row in {table} and are left out: Sit down/c.npy, sit down/d.npy",)


def test_patterns_semicolons_and_names(clips, tmp_path):
    table = write(tmp_path / "labels.csv", "Path;Label;Subject\nwave/*.npy;wave;anna\n*.npy.bak;x;\n?.npy;all;ben\n")
    with pytest.raises(DataError, match=r"wave/a\.npy should have one row, or rows that each have a start"):
        opened(clips, table)
    table = write(tmp_path / "labels.csv", "Path;Label;Subject\nwave/*.npy;wave;anna\n*.bak;x;\nSit*/*;sit;ben\n")
    source = opened(clips, table)
    assert [(clip.name, clip.subject) for clip in read_clips(source)] == [
        ("Sit down/c.npy", 2),
        ("wave/a.npy", 1),
        ("wave/b.npy", 1),
    ]
    assert source.told[1:] == (
        f"1 rows match no clip: line 3 of {table} (*.bak)",
        "performers are numbered: 1 anna, 2 ben",
    )


def test_a_recording_is_read_once_for_all_its_stretches(clips, tmp_path, monkeypatch):
    reads = []
    source = open_clips(clips, OPTIONS)
    entry = source.entries[2]
    assert entry.name == "a.npy"
    counted = type(entry)(entry.name, lambda: reads.append(1) or entry.read(), entry.file)
    table = write(tmp_path / "labels.csv", "path,label,start,end\na.npy,x,0,1\na.npy,y,1,2\na.npy,x,2,3\n")
    source = labelled(type(source)(source.kind, [counted]), clips, Labelling(table))
    assert len(list(read_clips(source))) == 3
    assert reads == [1]


def test_performers_stand_in_one_column(tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("path,label,performer,subject\na.npy,wave,1,2\n")
    with pytest.raises(DataError, match="it has performer and subject: keep one"):
        read_label_table(table)


def test_a_label_that_holds_the_separator_is_not_cut(tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("path,label\na.npy,drink, eat\n")
    with pytest.raises(DataError, match=r"line 2.* should have 2 cells, but it has 3: put labels that hold"):
        read_label_table(table)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a.npy,x,2,1", r"line 2 of .* should have a start before its end"),
        ("a.npy,x,-1,1", "start before its end"),
        ("a.npy,x,nan,1", "start before its end"),
        ("a.npy,x,one,2", r"line 2 of .* should give its start in seconds, but it is 'one'"),
        ("a.npy,,1,2", "should name a class, but its label is empty"),
        (",x,1,2", "should name a file or a pattern, but its path is empty"),
        ("z.npy,x,1,2", r"none of its 1 rows does, such as line 2 .* \('z.npy'\), and clips are called Sit down/c.npy"),
    ],
)
def test_malformed_rows_are_named(clips, tmp_path, row, message):
    with pytest.raises(DataError, match=message):
        opened(clips, write(tmp_path / "labels.csv", f"path,label,start,end\n{row}\n"))


@pytest.mark.parametrize("times", ["2.5,2500", "3.2,3.5"])
def test_a_stretch_outside_its_recording_is_refused(clips, tmp_path, times):
    source = opened(clips, write(tmp_path / "labels.csv", f"path,label,start,end\na.npy,x,{times}\n"))
    with pytest.raises(DataError, match=r"line 2 of .* should be a stretch of a\.npy, which lasts 2\.96667 seconds"):
        list(read_clips(source))


def test_a_name_of_two_clips_is_refused(clips, tmp_path):
    write_clip(clips / "Sit down/a.npy")
    with pytest.raises(DataError, match=r"'a\.npy' may be Sit down/a\.npy or wave/a\.npy: write its folder too"):
        opened(clips, write(tmp_path / "labels.csv", "path,label\na.npy,x\n"))
    assert len(opened(clips, write(tmp_path / "labels.csv", "path,label\nold/clips/wave/a.npy,x\n")).entries) == 1


@pytest.mark.parametrize("head", ["file,class", "path", "path,label,begin,end", "label;start;end", "path,label,label"])
def test_wrong_columns_are_told_what_is_expected(tmp_path, head):
    with pytest.raises(DataError, match=r"should have the columns path \(a file or a pattern\) and label"):
        read_label_table(write(tmp_path / "labels.csv", f"{head}\na,b,1,2\n"))


@pytest.mark.parametrize(
    "content", [b"", b"path,label\n", b"[", b"[[1]]", b"[3]", b"\xff\xfe\0", b"<a>", b"<a/>", b"[" * 100_000, b"{}"]
)
def test_what_is_no_table_is_refused(tmp_path, content):
    (tmp_path / "labels").write_bytes(content)
    with pytest.raises(DataError, match=r".*labels should|item 1 of .*labels should"):
        read_label_table(tmp_path / "labels")


def test_a_row_of_another_folder_above_the_data_is_no_row_of_a_clip(clips, tmp_path):
    write_clip(clips / "wave" / "c.npy")
    rows = "path,label\nsit down/c.npy,sit down\nwave/c.npy,wave\nclips/wave/a.mp4,wave\n"
    table = write(tmp_path / "labels.csv", rows)
    source = opened(clips / "wave", table)
    assert classes(source) == {"a.npy": "wave", "c.npy": "wave"}
    assert source.told[-1] == f"1 rows match no clip: line 2 of {table} (sit down/c.npy)"
    assert classes(opened(clips / "wave" / "c.npy", table)) == {"c.npy": "wave"}


def test_absolute_paths_of_another_computer(clips, tmp_path):
    rows = "path,label\nD:\\films\\wave\\a.mp4,wave\nD:\\films\\sit down\\d.mp4,sit down\nwave/b.npy,wave\n"
    table = write(tmp_path / "labels.csv", rows + "films/Sit down/c.npy,sit down\n")
    source = opened(clips, table)
    assert classes(source) == {"wave/a.npy": "wave", "wave/b.npy": "wave", "sit down/d.npy": "sit down"}
    assert source.told[-2:] == (
        f"1 rows match no clip: line 5 of {table} (films/Sit down/c.npy)",
        f"the folders in {table} are not those of {clips}: its clips have the rows whose folders agree best",
    )


def test_absolute_paths_of_this_computer_count_as_a_whole(clips, tmp_path):
    rows = f"path,label\n{clips}/wave/a.npy,wave\n/films/wave/b.npy,wave\n"
    source = opened(clips, write(tmp_path / "labels.csv", rows))
    assert classes(source) == {"wave/a.npy": "wave"}
    assert "1 rows match no clip: line 3" in source.told[-1]


def test_relative_paths_of_another_computer_need_a_folder_that_agrees(clips, tmp_path):
    table = write(tmp_path / "labels.csv", "path,label\nfilms/wave/a.mp4,wave\nfilms/sit down/d.mp4,sit down\n")
    source = opened(clips, table)
    assert classes(source) == {"wave/a.npy": "wave", "sit down/d.npy": "sit down"}
    assert "its clips have the rows whose folders agree best" in source.told[-1]
    assert classes(opened(clips / "wave", table)) == {"a.npy": "wave"}
    other = write(tmp_path / "other.csv", "path,label\nfilms/sit down/a.npy,sit down\n")
    with pytest.raises(DataError, match=r"none of its 1 rows does, such as line 2 .* and clips are called a\.npy"):
        opened(clips / "wave", other)


@pytest.mark.parametrize(
    ("above", "separator"), [("/home/u/d", "/"), ("D:\\films", "\\"), ("../elsewhere/d", "/"), ("d", "/")]
)
@pytest.mark.parametrize("path", ["a.mp4", "*"])
def test_of_paths_of_another_computer_those_count_whose_folders_agree_best(clips, tmp_path, above, separator, path):
    write_clip(clips / "Sit down/a.npy")
    rows = [separator.join((above, folder, path)) + f",{folder}" for folder in ("wave", "Sit down")]
    table = write(tmp_path / "labels.csv", "\n".join(["path,label", *rows]))
    assert set(classes(opened(clips / "wave", table)).values()) == {"wave"}
    assert classes(opened(clips / "wave/a.npy", table)) == {"a.npy": "wave"}
    assert {path: name for path, name in classes(opened(clips, table)).items() if path.endswith("a.npy")} == {
        "Sit down/a.npy": "Sit down",
        "wave/a.npy": "wave",
    }


def test_a_path_below_the_data_comes_before_deeper_ones(clips, tmp_path):
    write_clip(clips / "old/wave/a.npy")
    write_clip(clips / "a.npy")
    rows = "path,label\nwave/a.npy,A\n./a.npy,B\nold/wave/a.npy,C\n"
    source = opened(clips, write(tmp_path / "labels.csv", rows))
    assert classes(source) == {"a.npy": "B", "old/wave/a.npy": "C", "wave/a.npy": "A"}


def test_patterns_in_folders_and_brackets_in_names(tmp_path):
    for name in ("s1/wave", "s2/wave", "s1/take[1]_a", "s1/take1_a"):
        write_clip(tmp_path / "clips" / f"{name}.npy")
    rows = "path,label\ns*/wave.npy,wave\ntake[1]_*.npy,one\n"
    source = opened(tmp_path / "clips", write(tmp_path / "labels.csv", rows))
    assert classes(source) == {"s1/take[1]_a.npy": "one", "s1/wave.npy": "wave", "s2/wave.npy": "wave"}


def test_steps_upwards_start_at_the_table(clips, tmp_path):
    (clips / "tables").mkdir()
    table = write(clips / "tables/labels.csv", "path,label\n../wave/a.npy,wave\n../wave/*b.npy,wave\n")
    source = opened(clips, table)
    assert (classes(source), "agree best" in source.told[-1]) == ({"wave/a.npy": "wave", "wave/b.npy": "wave"}, False)
    write_clip(tmp_path / "other/wave/a.npy")
    assert "agree best" in opened(tmp_path / "other", table).told[-1]


def test_a_link_to_the_data_has_two_paths(clips, tmp_path):
    (tmp_path / "link").symlink_to(clips)
    table = write(tmp_path / "labels.csv", f"path,label\n{clips}/wave/a.npy,wave\nlink/wave/b.npy,wave\n")
    source = opened(tmp_path / "link", table)
    assert (classes(source), len(source.told)) == ({"wave/a.npy": "wave", "wave/b.npy": "wave"}, 1)


def test_numbers_behind_a_dot_are_no_ending(tmp_path):
    for name in ("walk", "walk.2", "2026-11-29 10.30.15"):
        write_clip(tmp_path / "clips" / f"{name}.npy")
    rows = "path,label\nwalk,A\nwalk.2,B\n2026-11-29 10.30.15.mp4,C\n"
    source = opened(tmp_path / "clips", write(tmp_path / "labels.csv", rows))
    assert classes(source) == {"walk.npy": "A", "walk.2.npy": "B", "2026-11-29 10.30.15.npy": "C"}
    with pytest.raises(DataError, match="none of its 1 rows does"):
        opened(tmp_path / "clips", write(tmp_path / "labels.csv", "path,label\nwalk.3,A\n"))


def test_steps_upwards_do_not_hide_a_folder(clips, tmp_path, monkeypatch):
    (tmp_path / "scripts").mkdir()
    monkeypatch.chdir(tmp_path / "scripts")
    table = write(tmp_path / "labels.csv", "path,label\nclips/wave/a.npy,wave\n../clips/./wave/b.npy,wave\n")
    assert classes(opened(Path("../clips/wave"), table)) == {"a.npy": "wave", "b.npy": "wave"}


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(DataError, match="none should be a table of labels, but it cannot be read"):
        read_label_table(tmp_path / "none")


# what annotation tools export


def times(rows):
    return [(row.path, row.label, row.performer, row.start, row.end, row.in_frames) for row in rows]


def test_elan_rows(tmp_path):
    lines = (
        "action\tanna\t00:00:00.500\t0.5\t00:00:01.000\t1.0\t00:00:00.500\t0.5\twave\n"
        "action\t\t00:01:02.000\t62.0\t01:00:03.250\t3603.25\t00:00:01.250\t1.25\tsit down\n"
    )
    assert times(read_label_table(write(tmp_path / "a.txt", lines))) == [
        ("", "wave", "anna", 0.5, 1.0, False),
        ("", "sit down", "", 62.0, 3603.25, False),
    ]
    with_file = "action\t\t00:00:00.500\t00:00:01.000\twave\tfile:///home/x/b.eaf\n"
    assert times(read_label_table(write(tmp_path / "a.txt", with_file))) == [
        ("/home/x/b.eaf", "wave", "", 0.5, 1.0, False)
    ]
    of_number = "action\t\t00:00:00.500\t00:00:01.000\t00:00:00.500\t0.5\t3\tb.eaf\n"
    assert times(read_label_table(write(tmp_path / "a.txt", of_number))) == [("b.eaf", "3", "", 0.5, 1.0, False)]
    with pytest.raises(DataError, match=r"line 2 of .* should hold a begin time, an end time"):
        read_label_table(write(tmp_path / "a.txt", f"{with_file}action\t\t1.5\t2.5\twave\n"))


def test_elan_columns(tmp_path):
    head = "Begin Time - hh:mm:ss.ms\tEnd Time - hh:mm:ss.ms\tDuration - hh:mm:ss.ms\tleft\tright\n"
    lines = "00:00:00.500\t00:00:01.000\t00:00:00.500\twave\t\n00:00:01.000\t00:00:02.000\t00:00:01.000\t\tkick\n"
    rows = read_label_table(write(tmp_path / "a.txt", head + lines))
    assert [(row.label, row.start, row.end) for row in rows] == [("wave", 0.5, 1.0), ("kick", 1.0, 2.0)]
    with pytest.raises(DataError, match=r"line 2 of .* it holds 2 annotations: export one tier"):
        read_label_table(write(tmp_path / "a.txt", f"{head}00:00:00.500\t00:00:01.000\t00:00:00.500\ta\tb\n"))


def test_a_table_of_one_recording_is_called_after_it(clips, tmp_path):
    line = "action\t\t00:00:00.500\t00:00:01.000\tkick\n"
    source = opened(clips, write(tmp_path / "b.txt", line))
    assert classes(source) == {"wave/b.npy 0.5–1 s": "kick"}
    with pytest.raises(DataError, match=r"annotations\.txt names no recording, so it should be called after its clip"):
        opened(clips, write(tmp_path / "annotations.txt", line))
    source = opened(clips / "wave/a.npy", write(tmp_path / "annotations.txt", line))
    assert source.told == (f"{tmp_path}/annotations.txt names no recording, so it is taken for that of a.npy",)
    assert classes(source) == {"a.npy 0.5–1 s": "kick"}


def test_label_studio_results_that_are_no_list_are_passed_over(tmp_path):
    table = tmp_path / "export.json"
    table.write_text(json.dumps([{"file_upload": "a.csv", "annotations": [{"result": True}, {"result": 5}]}]))
    with pytest.raises(DataError, match="it holds no row"):
        read_label_table(table)


def test_label_studio_writes_a_single_choice_as_a_text(clips, tmp_path):
    task = {"id": 1, "annotator": 1, "created_at": "2026-11-29T10:00:00Z"}
    tasks = [
        {**task, "video": "/data/upload/1/0a1b2c3d-b.mp4", "choice": "wave"},
        {**task, "video": "/data/local-files/?d=sit%20down/d.mp4", "choice": "sit down"},
    ]
    table = write(tmp_path / "labels.json", json.dumps(tasks))
    assert classes(opened(clips, table)) == {"wave/b.npy": "wave", "sit down/d.npy": "sit down"}
    write(table, json.dumps([{**tasks[0], "place": "hall", "class": "no"}]))
    with pytest.raises(DataError, match=r"item 1 .* one choice, but it has the texts 'wave', 'no': export it .* JSON,"):
        read_label_table(table)


def test_files_that_label_studio_serves_go_by_their_names(clips, tmp_path):
    write_clip(clips / "wave/20260102-1.npy")
    places = [("/data/local-files/?d=films/20260102-1.mp4", "A"), ("https://host/sit%20down/d.mp4?key=1", "B")]
    places.append(("/data/upload/1/0a1b2c3d-b.mp4", "C"))
    tasks = [
        {"annotator": 1, "file_upload": "0a-tasks.json", "video": place, "choice": label} for place, label in places
    ]
    table = write(tmp_path / "labels.json", json.dumps(tasks))
    assert classes(opened(clips, table)) == {"wave/20260102-1.npy": "A", "sit down/d.npy": "B", "wave/b.npy": "C"}
    write(table, json.dumps([{**tasks[0], "picture": "https://host/a.jpg"}]))
    with pytest.raises(DataError, match=r"should be about one file, but it names /data/local-files/.*, https://host/a"):
        read_label_table(table)


def test_label_studio(clips, tmp_path):
    def result(kind, **value):
        return {"type": kind, "value": value}

    tasks = [
        {
            "data": {"ts": "/data/upload/1/0a1b2c3d-a.csv"},
            "file_upload": "0a1b2c3d-a.csv",
            "annotations": [
                {"result": [result("timeserieslabels", start=0.5, end=1.0, timeserieslabels=["kick"])]},
                {"was_cancelled": True, "result": [result("choices", choices=["no"])]},
            ],
        },
        {
            "data": {"video": "/data/local-files/?d=videos/b.mp4"},
            "annotations": [
                {
                    "result": [
                        result("timelinelabels", ranges=[{"start": 1, "end": 10}], timelinelabels=["wave"]),
                        result("labels", labels=["not ours"]),
                    ]
                }
            ],
        },
        {"data": {"video": "c.mp4"}, "annotations": [{"result": [result("choices", choices=["sit"])]}]},
        {"video": "s3://x/d.mp4", "annotator": 1, "acts": [{"start": 1, "end": 2, "timeserieslabels": ["bow"]}]},
    ]
    table = write(tmp_path / "export.json", json.dumps(tasks))
    assert times(read_label_table(table)) == [
        ("a.csv", "kick", "", 0.5, 1.0, False),
        ("b.mp4", "wave", "", 0.0, 10.0, True),
        ("c.mp4", "sit", "", None, None, False),
        ("d.mp4", "bow", "", 1.0, 2.0, False),
    ]
    read = by_name(opened(clips, table))
    assert list(read) == ["Sit down/c.npy", "sit down/d.npy 1–2 s", "wave/a.npy 0.5–1 s", "wave/b.npy 0–10"]
    assert read["wave/b.npy 0–10"].joints[0, :, 0, 0].tolist() == list(range(10))


def test_plain_json(tmp_path):
    table = write(tmp_path / "labels.json", '[{"path": "a.npy", "label": "x", "start": 1, "performer": 4}]')
    assert times(read_label_table(table)) == [("a.npy", "x", "4", 1.0, None, False)]


def test_cvat_tracks(clips, tmp_path):
    xml = """<?xml version="1.0" encoding="utf-8"?>
    <annotations><version>1.1</version><meta><task><source>b.mp4</source></task></meta>
    <track id="0" label="wave"><box frame="3" outside="0"/><box frame="8" outside="0"/>
    <box frame="9" outside="1"/></track>
    <track id="1" label="gone"><box frame="3" outside="1"/></track></annotations>"""
    table = write(tmp_path / "cvat.xml", xml)
    assert times(read_label_table(table)) == [("b.mp4", "wave", "", 3.0, 9.0, True)]
    (clip,) = read_clips(opened(clips, table))
    assert clip.joints[0, :, 0, 0].tolist() == [3, 4, 5, 6, 7, 8]
    key_frames = write(tmp_path / "keys.xml", xml.replace('<box frame="8" outside="0"/>', ""))
    assert times(read_label_table(key_frames)) == times(read_label_table(table))
    with pytest.raises(DataError, match="declares a document type"):
        read_label_table(write(tmp_path / "cvat.xml", '<!DOCTYPE a [<!ENTITY b "c">]><annotations/>'))
    with pytest.raises(DataError, match=r"track 1 of .* one has no number"):
        read_label_table(write(tmp_path / "cvat.xml", xml.replace('frame="3"', 'frame="x"')))


def test_labels_are_matched_to_class_texts(clips, tmp_path):
    table = write(tmp_path / "labels.csv", "path,label\na.npy,Wave\nb.npy,KICK\n")
    assert [clip.label for clip in read_clips(opened(clips, table, ("kick", "bow", "wave")))] == [2, 0]
    with pytest.raises(TextError, match=r"a label in .*labels\.csv should be called like a class .* 'KICK' is none"):
        opened(clips, table, ("bow", "wave"))
