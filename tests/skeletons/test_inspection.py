from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from walking_clips import changed, walking

from gzssar.errors import DataError
from gzssar.skeletons.inspection import inspect_clips, inspection_table
from gzssar.skeletons.layout import LAYOUTS
from gzssar.skeletons.readers import ClipEntry, ClipSource
from gzssar.skeletons.sequence import SkeletonSequence
from synthetic_clips import small_world

COCO_IN_NTU = [3, 3, 3, 2, 2, 4, 8, 5, 9, 6, 10, 12, 16, 13, 17, 14, 18]


def source(clips: Iterable[SkeletonSequence | Exception], names: tuple[str, ...] = ()) -> ClipSource:
    def entry(number: int, clip: SkeletonSequence | Exception) -> ClipEntry:
        def read() -> SkeletonSequence:
            if isinstance(clip, Exception):
                raise clip
            return clip

        return ClipEntry(f"entry {number}" if isinstance(clip, Exception) else clip.name, read)

    return ClipSource("clips made up", [entry(number, clip) for number, clip in enumerate(clips)], names)


def printed(of: ClipSource, width: int = 100) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        console.print(inspection_table(inspect_clips(of)))
    return capture.get()


def test_what_is_there_is_counted():
    clips = [
        walking(10, label=0, subject=1, camera=1, name="a"),
        walking(20, label=0, subject=2, camera=1, name="b"),
        walking(40, bodies=2, label=1, subject=2, camera=3, name="c", fps=30.0),
        walking(30, name="d", joints=walking().joints[:2][:, :, COCO_IN_NTU] * 300, layout=LAYOUTS["coco17"]),
    ]
    found = inspect_clips(source(clips, ("wave", "hug")))
    assert (found.kind, found.clips, found.readable, found.class_names) == ("clips made up", 4, 4, ("wave", "hug"))
    assert (found.classes, found.subjects, found.cameras) == (
        Counter({0: 2, 1: 1}),
        Counter({2: 2, 1: 1}),
        {1: 2, 3: 1},
    )
    assert (found.layouts, found.dimensions) == ({"ntu25": 3, "coco17": 1}, {3: 3, 2: 1})
    assert (found.frames, found.fps) == ({10: 1, 20: 1, 40: 1, 30: 1}, {10.0: 3, 30.0: 1})
    assert (found.bodies, found.heights) == ({1: 3, 2: 1}, {1.5: 3})
    assert found.warnings() == ("Joints have two coordinates in 1 clip: you can draw them, but encoders need three.",)


def test_what_else_speaks_against_a_clip_is_told():
    found = inspect_clips(source([walking(3, name="a")]))
    assert [finding.clip for finding in found.doubts["too-short"]] == ["a"]


def test_the_synthetic_world_looks_right():
    found = inspect_clips(source(small_world()))
    assert found.readable == len(small_world())
    assert set(found.classes.values()) == {4}
    assert found.warnings() == ()


def test_copies_are_grouped_under_the_first():
    a, b = walking(10, name="a"), walking(11, name="b")
    empty = walking(joints=np.zeros((3, 8, 25, 1)))
    clips = [
        a,
        b,
        replace(a, name="c"),
        replace(a, name="d", label=3),
        replace(b, name="e"),
        empty,
        replace(empty, name="f"),
    ]
    found = inspect_clips(source(clips))
    assert found.copies == {"a": ["c", "d"], "b": ["e"]}
    assert "Exact copies of other clips: c = a, d = a, e = b. Keep only one of each" in found.warnings()[0]


def test_the_same_bytes_in_another_shape_are_no_copy():
    one = walking(10, bodies=2, name="one")
    other = replace(one, name="other", joints=np.ascontiguousarray(one.joints).reshape(3, 20, 25, 1))
    assert inspect_clips(source([one, other])).copies == {}


def test_bad_clips_are_listed_and_nan_apart():
    with pytest.raises(DataError) as nan:
        changed("n", walking(), np.s_[0, 3], np.nan)
    found = inspect_clips(source([DataError("x.skeleton, line 3: no number."), walking(), nan.value]))
    assert (found.clips, found.readable) == (3, 1)
    assert [finding.clip for finding in found.bad] == ["entry 0", "entry 2"]
    assert [finding.clip for finding in found.not_finite] == ["entry 2"]
    first, second = found.warnings()
    assert first.startswith("Positions are NaN or infinite in 1 clip: entry 2. Fill")
    assert second.startswith("The reader finds errors in 1 clip: entry 0.")
    assert second.endswith("The first error: x.skeleton, line 3: no number.")


def test_other_errors_are_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        inspect_clips(source([ZeroDivisionError()]))


def test_progress_ends_at_the_total_even_if_the_last_clip_is_bad():
    told = []
    inspect_clips(source([walking(), walking(9), DataError("bad")]), lambda done, total: told.append((done, total)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_at_most_five_names_are_listed():
    found = inspect_clips(source([walking(name=f"clip {i}", joints=np.zeros((3, 4, 25, 1))) for i in range(8)]))
    (sentence,) = found.warnings()
    assert "clip 4 (4 frames) and 3 more. Leave these clips out." in sentence
    assert "clip 5" not in sentence


def test_the_table_tells_in_eighty_columns_what_is_there():
    clips = [walking(10 + i, label=i % 2, subject=i, name=f"clip {i}") for i in range(7)]
    text = printed(source(clips, ("wave [red]", "hug")), width=80)
    rows = {line[:19].strip(): line[19:].strip() for line in text.splitlines()}
    assert rows["readable clips"] == "7 of 7"
    assert rows["classes"] == "2 (id 0, 1)"
    assert rows["clips per class"] == "wave [red] 4 · hug 3"
    assert rows["subjects"] == "7 (id 0 to 6)"
    assert rows["cameras"] == "not known"
    assert rows["frames"] == "10 to 16, median 13"
    assert rows["frames per second"] == "10"
    assert rows["height in metres"] == "1.50"
    assert text.rstrip().endswith("Nothing looks wrong.")


def test_of_many_classes_the_smallest_and_largest_are_listed():
    sizes = [2] * 30 + [1, 3]
    clips = [walking(2 + k, label=c, name=f"{c} {k}") for c, size in enumerate(sizes) for k in range(size)]
    text = printed(source(clips))
    assert "fewest: class 30 1 · class 0 2 · class 1 2; most: class 31 3 ·" in text


def test_mixed_sources_and_unknown_labels_show():
    clips = [walking(label=2, name="a"), walking(9, name="b"), walking(8, name="c", fps=29.97)]
    text = printed(source(clips))
    assert "1 (id 2), not known in 2 clips" in text
    assert "10 in 2 clips, 29.97 in 1 clip" in text


def test_nothing_readable_is_told():
    text = printed(source([DataError("a.npz is damaged.")]), width=120)
    assert "0 of 1" in text
    assert "a.npz is damaged." in text


def test_copies_in_real_data_are_found(shared_data):
    with np.load(shared_data / "nw_ucla.npz") as file:
        joints, offsets, marked = file["joints"], file["offsets"], np.flatnonzero(file["is_dup"])

    def entry(i: int) -> ClipEntry:
        clip = joints[offsets[i] : offsets[i + 1]].transpose(2, 0, 1)[..., None]
        return ClipEntry(str(i), lambda: SkeletonSequence(clip, 12.0, LAYOUTS["kinect20"], name=str(i)))

    found = inspect_clips(ClipSource("NW-UCLA", [entry(i) for i in range(len(offsets) - 1)]))
    assert found.readable == 1482
    assert sorted(int(copy) for group in found.copies.values() for copy in group) == marked.tolist()
    odd = {oddity: len(clips) for oddity, clips in found.findings.items() if clips}
    assert set(odd) <= {"mirrored", "jumps"}  # where the sensor lost people
    assert max(odd.values()) < 0.01 * found.readable
