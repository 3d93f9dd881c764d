"""Classes come and go."""

from dataclasses import replace

import numpy as np
import pytest

from gzssar.errors import ConfigError, DataError, GzssarError, TextError
from gzssar.recognizer import Recognizer
from gzssar.recognizer.fitting import Fitting
from gzssar.recognizer.parts import text_tables
from gzssar.texts.classes import ClassText, ClassTexts
from recipes import changed
from recognizer_world import (
    LABELS,
    QUICK,
    SEEN,
    SEEN_IDS,
    TEXTS,
    UNSEEN,
    clips_of,
    fake_text_encoders,
    fitted,
    table,
)


def test_how_it_introduces_itself(on_recordings, on_features):
    assert repr(on_recordings) == "Recognizer(9 seen and 3 unseen classes, from clips, 8 frames each)"
    on_features.add_class("sit")
    assert repr(on_features) == "Recognizer(9 seen and 4 unseen classes, from features)"


def test_classes_seen_ones_first(on_features):
    assert on_features.classes == SEEN + UNSEEN
    assert on_features.seen_classes == set(SEEN)
    assert [text.label for text in on_features.texts] == list(on_features.classes)
    assert on_features.texts[0] == TEXTS[SEEN_IDS[0]]


def test_classes_of_a_file(on_features, tmp_path):
    (tmp_path / "more.csv").write_text("label,action,motion\nsit,to sit,knees bend\n")
    on_features.add_classes(tmp_path / "more.csv")
    assert on_features.classes[-1] == "sit"


def test_a_class_comes_back_as_it_was(on_features, features):
    before, centre = table(on_features, features), on_features.known[-1].centre
    on_features.remove_class("stretch")
    assert "stretch" not in on_features.classes
    assert all(one["label"] != "stretch" for p in on_features.predict_features(features, top_k=None) for one in p)
    on_features.add_class("stretch", "to stretch", "the body will stretch")
    assert on_features.classes[-1] == "stretch"
    np.testing.assert_allclose(on_features.known[-1].centre, centre, atol=1e-5)
    np.testing.assert_allclose(table(on_features, features), before, atol=1e-5)


def test_with_words_an_added_class_stands_where_it_would_have_from_the_start(features):
    fitting = Fitting(recipe=changed(QUICK, words=True))
    recognizer = fitted(fitting=fitting)
    assert recognizer.parts.words
    without = recognizer.copy()
    for label in UNSEEN:
        without.remove_class(label)
    added = without.copy()
    for label in UNSEEN:
        added.add_class(label, f"to {label}", f"the body will {label}")
    for one, other in zip(added.known, recognizer.known, strict=True):
        assert one.text == other.text
        np.testing.assert_allclose(one.centre, other.centre, atol=1e-5)
    np.testing.assert_allclose(table(added, features), table(recognizer, features), atol=1e-5)
    plain = fitted()
    assert np.abs(recognizer.known[-1].centre - plain.known[-1].centre).max() > 0.01  # words count


def test_the_words_of_a_label_stand_in_for_missing_texts():
    recognizer = fitted(fitting=Fitting(recipe=changed(QUICK, words=True)))
    recognizer.add_class("sit down")
    recognizer.add_class("Sit down 2", "sit down", "sit down")  # "2" is no word
    short, long = recognizer.known[-2:]
    tables = [text_tables(recognizer.parts, one.tables, one.text) for one in (short, long)]
    assert [kind for kind, _ in tables[0]] == ["label", "action", "motion"] * 2
    for (_, one), (_, other) in list(zip(*tables, strict=True))[1:]:
        np.testing.assert_array_equal(one, other)


def test_an_added_class_counts_at_once(on_features):
    on_features.remove_class("punch")
    clips = clips_of([LABELS.index("punch")], seed=8).features
    assert all(prediction.label != "punch" for prediction in on_features.predict_features(clips))
    on_features.add_class("  punch ", action="to punch", motion="the body will punch")
    predictions = on_features.predict_features(clips, UNSEEN)
    assert np.mean([prediction.label == "punch" for prediction in predictions]) > 0.8
    assert not predictions[0][0]["seen"]
    assert on_features.texts.index("punch") == len(LABELS) - 1


def test_the_label_stands_in_for_missing_texts(on_features):
    on_features.add_class(" sit down")
    on_features.add_class("Sit down 2", "sit down", "sit down")
    short, long = on_features.known[-2:]
    assert short.text == ClassText("sit down", None, None)
    np.testing.assert_array_equal(short.tables[1], long.tables[1])
    np.testing.assert_array_equal(short.tables[2], long.tables[2])
    assert on_features.texts[-1].motion == "sit down"


@pytest.mark.parametrize("label", ["clap", "CLAP", " c l a p "])
def test_a_class_that_is_there_is_not_added(on_features, label):
    with pytest.raises(ConfigError, match=r"there is a class .* already: remove it first"):
        on_features.add_class(label, "a", "m")
    assert on_features.classes == SEEN + UNSEEN


@pytest.mark.parametrize(
    ("label", "motion"), [("", "m"), ("  ", "m"), ("sit", " "), ("sit", "bell \x07"), ("sit\x07", "m")]
)
def test_texts_nobody_can_read_are_refused(on_features, label, motion):
    with pytest.raises(TextError):
        on_features.add_class(label, "a", motion)
    assert on_features.classes == SEEN + UNSEEN


def test_a_table_of_classes_is_added_or_none_of_it(on_features):
    new = (ClassText("sit", "to sit", "knees bend"), ClassText("stand", None, "knees straighten"))
    for wrong in (
        ClassText("Wave", "a", "m"),
        ClassText(None, "a", "m"),
        ClassText("SIT"),
        ClassText("x", "a", "\x07"),
    ):
        with pytest.raises(GzssarError):
            on_features.add_classes(ClassTexts((*new, wrong)))
        assert on_features.classes == SEEN + UNSEEN
    on_features.add_classes(ClassTexts(new))
    assert on_features.classes == (*SEEN, *UNSEEN, "sit", "stand")


def test_seen_and_unseen_classes_are_removed(on_features, features):
    on_features.remove_class("CLAP")
    on_features.remove_class("wave")
    assert on_features.classes == SEEN[1:] + UNSEEN[1:]
    np.testing.assert_allclose(table(on_features, features).sum(axis=1), 1)
    with pytest.raises(ConfigError, match="'clap' should be one of the 10 classes"):
        on_features.remove_class("clap")


def test_one_kind_of_class_may_be_left_and_one_class(on_features, features):
    only_unseen, only_seen = on_features.copy(), on_features.copy()
    for label in SEEN:
        only_unseen.remove_class(label)
    for label in UNSEEN:
        only_seen.remove_class(label)
    for recognizer in (only_unseen, only_seen):
        assert {prediction.p_seen for prediction in recognizer.predict_features(features)} == {None}
        np.testing.assert_allclose(table(recognizer, features).sum(axis=1), 1)
    only_unseen.remove_class("wave")
    only_unseen.remove_class("punch")
    assert only_unseen.predict_features(features[:1])[0].ranking == ({"label": "stretch", "score": 1.0, "seen": False},)
    with pytest.raises(ConfigError, match="needs at least one class, but 'stretch' is the last one"):
        only_unseen.remove_class("stretch")


def test_a_copy_has_classes_of_its_own(on_features):
    other = on_features.copy()
    other.remove_class("wave")
    other.add_class("sit")
    on_features.remove_class("clap")
    assert on_features.classes == SEEN[1:] + UNSEEN
    assert other.classes == (*SEEN, "punch", "stretch", "sit")
    assert other.parts is on_features.parts


def test_another_revision_of_the_text_encoder_is_refused(on_features):
    with fake_text_encoders("fake 2"), pytest.raises(DataError, match=r"in revision 'fake 1', .* here it is 'fake 2'"):
        Recognizer(replace(on_features.parts), on_features.known).add_class("sit")


def test_classes_of_a_table_that_are_known_so_are_passed_over(on_features):
    wave, clap = (TEXTS[LABELS.index(label)] for label in ("wave", "clap"))
    texts = (
        replace(wave, label="WAVE"),
        ClassText("sit", "to sit", "knees bend"),
        ClassText("clap", clap.action, None),
    )
    assert on_features.add_classes(ClassTexts(texts)) == ("WAVE", "clap")
    assert on_features.classes == (*SEEN, *UNSEEN, "sit")
    assert on_features.add_classes(ClassTexts(texts)) == ("WAVE", "sit", "clap")
    with pytest.raises(ConfigError, match="there is a class 'wave' already"):
        on_features.add_classes(ClassTexts((replace(wave, motion="another"),)))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda one: one.add_class(5), "the label of a class should be text, but 5 came"),
        (lambda one: one.add_class("x", action=3), "the action of a class should be text, but 3 came"),
        (lambda one: one.add_class("x", motion=["a"]), "the motion of a class should be text"),
        (lambda one: one.add_classes(5), "texts should be ClassTexts or the path of a table, but int came"),
        (lambda one: one.remove_class(5), "a class is named by its label, which is text, but 5 came"),
    ],
)
def test_other_types_are_refused(on_features, monkeypatch, wrong, message):
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)  # as outside of tests
    with pytest.raises(GzssarError, match=message):
        wrong(on_features)
    assert on_features.classes == SEEN + UNSEEN
