from pathlib import Path

import pytest

from gzssar.errors import TextError
from gzssar.synthetic import SyntheticWorld
from gzssar.texts.classes import (
    ClassText,
    ClassTexts,
    find_class_texts,
    load_packaged_texts,
    packaged_names,
    read_class_texts,
    write_class_texts,
)

HEADER = "id,label,action,motion\n"
THREE = ClassTexts((ClassText("sit down", "rest", "hips"), ClassText("Stand up", "leave"), ClassText("nod")))


def table(tmp_path, content, encoding="utf-8", name="texts.csv"):
    path = tmp_path / name
    path.write_bytes(content.encode(encoding))
    return path


def test_rows_in_any_order_and_further_columns(tmp_path):
    texts = read_class_texts(
        str(table(tmp_path, "note,id,label,action,motion\nx,1,nod,agree,head\n,0,bow,greet,torso\n"))
    )
    assert list(texts) == [ClassText("bow", "greet", "torso"), ClassText("nod", "agree", "head")]
    assert texts.of_kind("label") == ("bow", "nod")
    assert len(texts[:1]) == 1


def test_commas_in_quotes_and_a_byte_order_mark(tmp_path):
    texts = read_class_texts(table(tmp_path, HEADER + '0,bow,"greet, or thank",torso\n', "utf-8-sig"))
    assert texts[0].action == "greet, or thank"


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("label\nbow\nnod\n", [ClassText("bow"), ClassText("nod")]),
        ("motion\nhead\ntorso\n", [ClassText(motion="head"), ClassText(motion="torso")]),
        ("action,label\ngreet,bow\n,nod\n", [ClassText("bow", "greet"), ClassText("nod")]),
        (HEADER + "1,nod\n0,bow, ,torso\n", [ClassText("bow", None, "torso"), ClassText("nod")]),
        ("id,label\n,bow\n,nod\n", [ClassText("bow"), ClassText("nod")]),
    ],
)
def test_any_subset_of_the_columns(tmp_path, content, texts):
    assert list(read_class_texts(table(tmp_path, content))) == texts


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "id,name\n0,bow\n",
            "column label, action or motion, but its columns are 'id, name': the first line must name",
        ),
        ("", "column label, action or motion, but the file is empty"),
        (HEADER, "one line per class, but it has none"),
        (HEADER + "0,bow,greet,torso\n0,nod,agree,head\n", "but 0 stands in an earlier line too"),
        (HEADER + "0,bow,greet,torso\n2,nod,agree,head\n", r"from 0 to 1, but \[1\] is missing"),
        (HEADER + "1,bow,greet,torso\n", r"but \[0\] is missing: ids are 0-based"),
        (HEADER + "one,bow,greet,torso\n", "0-based class id, but it has 'one'"),
        (HEADER + "-1,bow,greet,torso\n", "0-based class id, but it has '-1'"),
        (HEADER + "0,bow,greet,torso\n,nod,agree,head\n", "line 3 of .* 0-based class id, but it has ''"),
        (HEADER + "9" * 5000 + ",bow,greet,torso\n", "0-based class id"),
        ("label\nbow\nnod\n B ow\n", r"line 4 of .* label of its own, but 'B ow' stands in line 2 of .*texts\.csv too"),
    ],
)
def test_a_bad_table_is_refused(tmp_path, content, message):
    with pytest.raises(TextError, match=message):
        read_class_texts(table(tmp_path, content))


def test_a_kind_that_a_class_lacks_is_refused(tmp_path):
    texts = read_class_texts(table(tmp_path, HEADER + "1,nod,agree,head\n0,bow,greet,\n2,,,\n"))
    assert texts.lacking("motion") == (0, 2)
    assert texts.has("motion")
    assert not ClassTexts(texts[2:]).has("motion")
    with pytest.raises(
        TextError,
        match=r"the class 'bow' \(line 3 of .*texts\.csv\) should have a text in column 'motion', but that is empty, "
        r"and so it is for 1 more of 3 classes: fill it in, or leave md out of --text",
    ):
        texts.of_kind("motion")
    with pytest.raises(TextError, match=r"class 2 \(line 4 of .*'label', but that is empty: .* leave lb out"):
        texts.of_kind("label")


def test_another_encoding_is_refused(tmp_path):
    with pytest.raises(TextError, match=r"should be UTF-8, but byte \d+ is not"):
        read_class_texts(table(tmp_path, HEADER + "0,salué,greet,torso\n", "latin-1"))
    with pytest.raises(TextError, match="looks like UTF-16"):
        read_class_texts(table(tmp_path, HEADER + "0,bow,greet,torso\n", "utf-16"))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(TextError, match="cannot be read"):
        read_class_texts(tmp_path / "nowhere.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(TextError, match=r"cannot be read \(Is a directory\)"):
        read_class_texts(tmp_path / "folder.csv")


def test_long_texts_and_other_scripts(tmp_path):
    words, arabic = "the hand rises " * 3333 + "once", "يد ترتفع \u200fببطء"
    path = table(tmp_path, f"label,motion\nرفع,{arabic}\nraise,{words}\n")
    assert read_class_texts(path).of_kind("motion") == (arabic, words)


def test_the_synthetic_texts_name_the_synthetic_actions():
    texts = load_packaged_texts("synthetic")
    assert texts.of_kind("label") == SyntheticWorld().labels
    for kind in ("label", "action", "motion"):
        assert len(set(texts.of_kind(kind))) == len(texts)


def test_every_packaged_table_is_complete():
    for name in packaged_names():
        texts = load_packaged_texts(name)
        assert all(texts.of_kind(kind) for kind in ("label", "action", "motion"))


def test_an_unknown_packaged_table_is_refused():
    with pytest.raises(TextError, match=r"named 'ntu61'; there are .*synthetic"):
        load_packaged_texts("ntu61")
    with pytest.raises(TextError, match=r"\(nearest: synthetic\)\. A table of your own ends in \.csv, \.tsv"):
        find_class_texts("syntetic")


def test_texts_are_found_by_path_and_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table(tmp_path, "label\nbow\n", name="mine.CSV")
    table(tmp_path, "bow\n", name="mine.txt")
    assert find_class_texts("mine.CSV")[0].label == "bow"
    assert find_class_texts("synthetic") == load_packaged_texts("synthetic")
    with pytest.raises(TextError, match=r"ends in \.csv, .* or \.yml, but it ends in \.txt"):
        find_class_texts("mine.txt")
    with pytest.raises(TextError, match=r"gone\.yaml should be a table of class texts, but it cannot be read"):
        find_class_texts("gone.yaml")
    for name in ("x" * 5000, "a\0b", ""):
        with pytest.raises(TextError, match="no packaged table"):
            find_class_texts(name)
    with pytest.raises(TextError, match="cannot be read"):
        find_class_texts("a\0b.csv")


def test_a_label_is_found_whatever_its_case_and_spaces():
    assert [THREE.index(label) for label in ("Sit  Down", "standup", "NOD", "sit_down", "Stand-up")] == [0, 1, 2, 0, 1]
    with pytest.raises(TextError, match="one of the 3 classes should be labelled 'sitting', but the nearest are 'sit"):
        THREE.index("sitting")
    with pytest.raises(TextError, match="'xyz', but the labels are sit down, Stand up, nod"):
        THREE.index("xyz")


def test_rows_take_the_order_of_class_names():
    assert THREE.matched_to(["nod", "SIT DOWN", "stand up"]).of_kind("label") == ("nod", "sit down", "Stand up")
    with pytest.raises(
        TextError,
        match=r"the dataset's 3 class names, but no text is labelled 'nodding' \(nearest: 'nod'\), and no class is "
        r"named 'nod' \(nearest: 'nodding'\): change these labels",
    ):
        THREE.matched_to(["nodding", "sit down", "stand up"])
    with pytest.raises(TextError, match="but no class is named 'nod': change"):
        THREE.matched_to(["sit down", "stand up"])
    with pytest.raises(TextError, match=r"labelled 'class 0', .*'class 4' and 4 more: change"):
        THREE.matched_to(["nod", "sit down", "stand up", *(f"class {k}" for k in range(9))])
    with pytest.raises(TextError, match="two are alike"):
        THREE.matched_to(["nod", "nod", "sit down"])


@pytest.mark.parametrize("name", ["texts.csv", "texts.tsv", "texts.json", "texts.yaml", "texts.yml"])
def test_what_is_written_is_read_back(tmp_path, name):
    tricky = ClassText('say "no"', "it's: # not, a comment", "- | > &a *b !c % @ ` 'x'")
    others = [ClassText("null", "~", "true"), ClassText("#7", "2024-01-01", "1e3"), ClassText("رفع", "é e\u0301", "🙂")]
    texts = ClassTexts((*THREE, tricky, *others))
    write_class_texts(tmp_path / name, texts)
    assert read_class_texts(tmp_path / name) == texts


def test_writing_over_a_table_keeps_its_leading_comments(tmp_path):
    for name in ("texts.csv", "texts.yaml"):
        path = table(
            tmp_path,
            '# one, "two"\n#three\n' + ("label\nbow\n" if name.endswith("csv") else "- label: bow\n"),
            name=name,
        )
        write_class_texts(path, THREE)
        assert path.read_text().startswith('# one, "two"\n#three\n')
        assert read_class_texts(path) == THREE


def test_where_a_class_stands_does_not_change_what_it_is():
    here, there = ClassText("bow", where="line 2 of a.csv"), ClassText("bow", where=str(Path("b.csv")))
    assert here == there
    assert repr(here) == "ClassText(label='bow', action=None, motion=None)"  # experiments hash this
