import json

import pytest

from gzssar.errors import OutputError, TextError
from gzssar.texts.authoring.template import GUIDANCE, parse_labels, write_template
from gzssar.texts.classes import ClassText, read_class_texts
from gzssar.texts.tables.files import SUFFIXES, read_table


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("nod, bow", ("nod", "bow")),
        ("nod,\tbow \n  sit  down\n\n", ("nod", "bow", "sit down")),
        ('"point, then wave", nod', ("point, then wave", "nod")),
        ("رفع, kick 3'", ("رفع", "kick 3'")),
    ],
)
def test_labels_from_one_text(text, labels):
    assert parse_labels(text) == labels


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "needs labels, but none came: name the classes"),
        (" \n,", "none came"),
        ("nod,, bow", "each of the 3 labels should be a name, but label 2 is empty"),
        ("nod, bow,", "label 3 is empty"),
        ("sit down, bow, Sit  Down", "each label should differ from the others, but 'Sit Down' comes twice"),
        ('nod, "bow', r"separated by commas, but they cannot be read \(unexpected end of data\): put double quotes"),
        ("nod, b\aow", r"label 2 should be plain text, but it holds the control character U\+0007"),
        ("nod, \udce9", r"label 2 .* U\+DCE9"),
    ],
)
def test_other_labels_are_refused(text, message):
    with pytest.raises(TextError, match=message):
        parse_labels(text)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_template_names_its_classes_and_nothing_more(tmp_path, suffix):
    path = tmp_path / "folder" / f"texts{suffix}"
    write_template(["point, then wave", "nod"], path)
    assert list(read_class_texts(path)) == [ClassText("point, then wave"), ClassText("nod")]
    assert read_table(path).columns == ("id", "label", "action", "motion")
    for line in GUIDANCE:
        assert line in path.read_text(encoding="utf-8")


def test_guidance_stands_in_comments_or_below_a_key(tmp_path):
    write_template(["nod"], tmp_path / "a.csv")
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines == [*(f"# {line}" for line in GUIDANCE), "id,label,action,motion", "0,nod,,"]
    write_template(["nod"], tmp_path / "a.json")
    document = json.loads((tmp_path / "a.json").read_text())
    assert document["_guidance"] == list(GUIDANCE)
    assert document["classes"] == [{"id": 0, "label": "nod", "action": "", "motion": ""}]


def test_a_spreadsheet_leaves_the_guidance_as_it_is():
    assert not any(letter in line for line in GUIDANCE for letter in ',;"\t')


def test_what_is_there_stays(tmp_path):
    path = tmp_path / "texts.csv"
    path.write_text("mine")
    with pytest.raises(OutputError, match=r"texts\.csv exists, and a template would replace it"):
        write_template(["nod"], path)
    assert path.read_text() == "mine"
    with pytest.raises(TextError, match="ends in"):
        write_template(["nod"], tmp_path / "texts.txt")
    with pytest.raises(TextError, match="comes twice"):
        write_template(["nod", "nod"], tmp_path / "other.csv")
