import pytest

from gzssar.errors import TextError
from gzssar.skeletons.readers.synthetic import SyntheticWorld
from gzssar.texts.classes import ClassText, load_packaged_texts, read_class_texts

HEADER = "id,label,action,motion\n"


def table(tmp_path, content, encoding="utf-8"):
    path = tmp_path / "texts.csv"
    path.write_bytes(content.encode(encoding))
    return path


def test_rows_in_any_order_and_further_columns(tmp_path):
    texts = read_class_texts(table(tmp_path, "note,id,label,action,motion\nx,1,nod,agree,head\n,0,bow,greet,torso\n"))
    assert list(texts) == [ClassText("bow", "greet", "torso"), ClassText("nod", "agree", "head")]
    assert texts.of_kind("label") == ("bow", "nod")
    assert len(texts[:1]) == 1


def test_commas_in_quotes_and_a_byte_order_mark(tmp_path):
    texts = read_class_texts(table(tmp_path, HEADER + '0,bow,"greet, or thank",torso\n', "utf-8-sig"))
    assert texts[0].action == "greet, or thank"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,label,action\n0,bow,greet\n", "but motion is missing"),
        ("", "but id, label, action, motion is missing"),
        (HEADER, "one line per class, but it has none"),
        (HEADER + "0,bow,greet,\n", r"line 2 of .* a text in column 'motion', but that is empty"),
        (HEADER + "0,bow, ,torso\n", "column 'action'"),
        (HEADER + "0,bow,greet\n", "column 'motion'"),
        (HEADER + "0,bow,greet,torso\n0,nod,agree,head\n", "but 0 stands in an earlier line too"),
        (HEADER + "0,bow,greet,torso\n2,nod,agree,head\n", r"from 0 to 1, but \[1\] is missing"),
        (HEADER + "1,bow,greet,torso\n", r"but \[0\] is missing: ids are 0-based"),
        (HEADER + "one,bow,greet,torso\n", "0-based class id, but it has 'one'"),
        (HEADER + "-1,bow,greet,torso\n", "0-based class id, but it has '-1'"),
    ],
)
def test_a_bad_table_is_refused(tmp_path, content, message):
    with pytest.raises(TextError, match=message):
        read_class_texts(table(tmp_path, content))


def test_another_encoding_is_refused(tmp_path):
    with pytest.raises(TextError, match=r"should be UTF-8, but byte \d+ is not"):
        read_class_texts(table(tmp_path, HEADER + "0,salué,greet,torso\n", "latin-1"))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(TextError, match="cannot be read"):
        read_class_texts(tmp_path / "nowhere.csv")


def test_the_synthetic_texts_name_the_synthetic_actions():
    texts = load_packaged_texts("synthetic")
    assert texts.of_kind("label") == SyntheticWorld().labels
    for kind in ("label", "action", "motion"):
        assert len(set(texts.of_kind(kind))) == len(texts)


def test_an_unknown_packaged_table_is_refused():
    with pytest.raises(TextError, match=r"named 'ntu61'; there are .*synthetic"):
        load_packaged_texts("ntu61")
