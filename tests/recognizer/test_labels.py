import pytest

from gzssar.errors import TextError
from gzssar.recognizer.labels import look_alikes, require_label
from gzssar.texts.classes import ClassText, ClassTexts
from recognizer_world import TEXTS, fitted


@pytest.mark.parametrize("label", ["cl\x1b[2Jap", "cl\u200bap", "clap\u202e", "cl\nap", "\ufeffcl ap", "clap\x00"])
def test_a_label_that_holds_what_no_one_sees_is_refused(on_features, label):
    with pytest.raises(TextError, match=r"should hold characters that can be read, but it has .*U\+[0-9A-F]{4}"):
        on_features.add_class(f"sit {label} x")
    with pytest.raises(TextError, match="should hold characters that can be read"):
        fitted(texts=ClassTexts((ClassText(f"x{label}x", "to sit", "knees bend"), *TEXTS[1:])))


@pytest.mark.parametrize("label", ["喝水", "naïve wave", "o'clock & co.", "s'asseoir", "махать"])
def test_other_labels_are_taken(label):
    require_label(label)


@pytest.mark.parametrize("label", ["сlар", "c1ap", "cIap", "clаp", "ｃ1ap"])
def test_a_label_that_looks_like_another_is_doubted(label):
    told = look_alikes(label, ["wave", "clap"])
    assert [doubt.code for doubt in told] == ["look-alike"]
    assert "'clap', which is another class: rename one" in told[0].sentence


def test_what_adding_a_class_says_of_it(on_features):
    assert [doubt.code for doubt in on_features.add_class("сlар", motion="hands meet")] == ["look-alike"]
    assert on_features.add_class("hop", motion="both feet leave the floor") == ()
    assert look_alikes("Clap ", ["clap"]) == ()
