import numpy as np
import pytest

from gzssar.errors import DataError, TextError
from gzssar.texts.features import read_class_names, read_text_tables


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for kind, width in (("lb", 4), ("ad", 6)):
        np.save(tmp_path / f"{kind}_5.npy", rng.normal(size=(5, width)))
    return tmp_path


def test_only_the_kinds_asked_for_are_read(folder):
    tables = read_text_tables(folder, ("ad",), 5)
    assert list(tables) == ["ad"]
    assert tables["ad"].dtype == np.float32
    np.testing.assert_allclose(tables["ad"], np.load(folder / "ad_5.npy"), rtol=1e-6)
    assert {kind: table.shape for kind, table in read_text_tables(folder, ("lb", "ad"), 5).items()} == {
        "lb": (5, 4),
        "ad": (5, 6),
    }


def test_a_missing_kind_and_a_missing_folder_are_refused(folder):
    with pytest.raises(DataError, match=r"md_5\.npy should hold one text feature per class .* no such file"):
        read_text_tables(folder, ("lb", "md"), 5)
    with pytest.raises(DataError, match=r"lb_6\.npy should hold"):
        read_text_tables(folder, ("lb",), 6)
    with pytest.raises(TextError, match="should be a folder with text features"):
        read_text_tables(folder / "lb_5.npy", ("lb",), 5)


def test_one_row_per_class_and_none_zero(folder):
    np.save(folder / "lb_5.npy", np.ones((4, 3)))
    with pytest.raises(TextError, match="should hold 5 rows, one per class, but it has 4"):
        read_text_tables(folder, ("lb",), 5)
    np.save(folder / "lb_5.npy", np.diag([1.0, 0, 2, -1, 0]))
    with pytest.raises(TextError, match=r"cannot be zero, but those of the classes \[1, 4\] are"):
        read_text_tables(folder, ("lb",), 5)


@pytest.mark.parametrize(("classes", "kind"), [(60, "lb"), (60, "ad"), (60, "md"), (120, "lb"), (120, "md")])
def test_the_authors_clip_features(shared_data, classes, kind):
    table = read_text_tables(shared_data / "ntu_reference" / "clip_vit_b32", (kind,), classes)[kind]
    assert table.shape == (classes, 512)
    assert np.linalg.norm(table, axis=1).min() > 2  # CLIP's own lengths: they are not normalised


def test_class_names_come_from_lines_or_from_a_label_column(tmp_path):
    (tmp_path / "names.txt").write_text("wave\nsit down\n")
    (tmp_path / "names.csv").write_text('label,motion\nwave,"up, down"\nsit down,x\n')
    for name in ("names.txt", "names.csv"):
        assert read_class_names(tmp_path / name, 2) == ("wave", "sit down")


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.txt", b"wave\n", "2 classes, but it holds 1"),
        ("a.txt", b"wave\n\n", "2 classes, but it holds 1"),
        ("a.csv", b"id,name\n0,wave\n1,sit\n", "column label"),
        ("a.csv", b"", "column label"),
        ("a.txt", b"\xff\xfe\n", "UTF-8"),
    ],
)
def test_class_names_that_do_not_fit_are_refused(tmp_path, name, content, complaint):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TextError, match=complaint):
        read_class_names(tmp_path / name, 2)
