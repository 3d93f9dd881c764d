from dataclasses import replace

import numpy as np
import pytest

from gzssar.decision import learning
from gzssar.errors import ConfigError, DataError, TextError
from gzssar.features.features import FeatureSet
from gzssar.methods.recipe import DEFAULT, PAPER, recipe_for
from gzssar.recognizer.fitting import Fitting, fit_recognizer
from gzssar.texts.classes import ClassText, ClassTexts
from gzssar.texts.encoding import Encoding
from recipes import changed
from recognizer_world import (
    LABELS,
    QUICK,
    QUICK_FITTING,
    SEEN_IDS,
    TEXTS,
    UNSEEN,
    UNSEEN_IDS,
    clips_of,
    small_encoder,
)


def accuracy(recognizer, ids, candidates=None):
    clips = clips_of(ids, seed=5)
    predictions = recognizer.predict_features(clips.features, candidates)
    return np.mean([p.label == LABELS[k] for p, k in zip(predictions, clips.labels, strict=True)])


def fit_on(ids, **change):
    arguments = {"texts": TEXTS, "encoder": None, "fitting": QUICK_FITTING, **change}
    return fit_recognizer(clips_of(ids), **arguments)


def test_seen_classes_are_told(on_features):
    assert accuracy(on_features, SEEN_IDS) > 0.85


def test_classes_nobody_saw_are_told_far_above_chance(on_features):
    assert accuracy(on_features, UNSEEN_IDS, UNSEEN) > 0.8  # chance: 1/3
    assert accuracy(on_features, UNSEEN_IDS) > 0.5  # chance: 1/12


def test_the_gate_tells_seen_from_unseen(on_features):
    seen, unseen = (
        np.mean([p.p_seen for p in on_features.predict_features(clips_of(ids, 5).features)])
        for ids in (SEEN_IDS, UNSEEN_IDS)
    )
    assert seen > 0.5 > unseen


def test_what_is_known_about_the_model(on_features):
    about = on_features.parts.about
    assert about["clips"] == len(clips_of(SEEN_IDS))
    assert about["checkpoint"] == 0
    assert "torch" in about["versions"]
    kinds = ("zsl_accuracy", "seen_accuracy", "unseen_accuracy", "harmonic_mean", "calibration_error")
    covered = {f"{kind}_{what}" for kind in ("seen", "unseen") for what in ("coverage", "accuracy_where_covered")}
    assert {*kinds, "seen_coverage", "unseen_coverage"} <= set(about["scores"]) <= {*kinds, *covered}
    assert about["fold_classes"] == 3
    assert all(0 <= value <= 1 for value in about["scores"].values())
    assert about["scores"]["seen_accuracy"] > 0.7
    assert about["scores"]["zsl_accuracy"] > 0.5
    assert on_features.parts.revisions == ("fake 1",)
    assert on_features.parts.kinds == ("lb", "ad", "md")


def test_what_the_caller_says_is_kept():
    assert fit_on(SEEN_IDS, about={"data": "toys"}).parts.about["data"] == "toys"


def test_equal_seeds_equal_results():
    clips = clips_of(range(len(LABELS))).features
    one, same, other = (fit_on(SEEN_IDS, fitting=replace(QUICK_FITTING, seed=seed)) for seed in (0, 0, 1))
    answers = [recognizer.predict_features(clips, top_k=None) for recognizer in (one, same, other)]
    assert answers[0] == answers[1]
    assert answers[0] != answers[2]
    assert one.parts.about["scores"] == same.parts.about["scores"]


def test_every_class_may_have_clips():
    recognizer = fit_on(range(len(LABELS)))
    assert recognizer.classes == LABELS
    assert recognizer.seen_classes == set(LABELS)
    assert {p.p_seen for p in recognizer.predict_features(clips_of([0, 1]).features)} == {None}
    recognizer.add_class("sit")
    assert 0 < recognizer.predict_features(clips_of([0]).features)[0].p_seen < 1


def test_four_classes_are_enough():
    recognizer = fit_on(SEEN_IDS[:4])
    assert len(recognizer.seen_classes) == 4
    assert len(recognizer.classes) == len(LABELS)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_too_few_classes(count):
    with pytest.raises(DataError, match=f"clips of at least 4 classes, .* but there are clips of {count}"):
        fit_on(SEEN_IDS[:count])


def test_too_few_clips():
    clips = clips_of(SEEN_IDS)
    first = np.unique(clips.labels, return_index=True)[1]
    few = FeatureSet(clips.features[first], clips.labels[first])
    with pytest.raises(
        DataError,
        match="a class with at least 4 clips, one of which is held out, but no class has more than 1",
    ):
        fit_recognizer(few, TEXTS, None, QUICK_FITTING)


@pytest.mark.parametrize("label", [-1, len(LABELS)])
def test_labels_without_texts(label):
    clips = clips_of(SEEN_IDS)
    labels = np.where(clips.labels == 0, label, clips.labels)
    with pytest.raises(
        DataError, match=f"rows of the 12 class texts, counted from 0, but label {label} is not among them"
    ):
        fit_recognizer(replace(clips, labels=labels), TEXTS, None, QUICK_FITTING)


@pytest.mark.parametrize(
    ("recipe", "lacking"),
    [
        (PAPER, 'method ridge, held_out="folds", gate_input="best-scores"'),
        (changed(DEFAULT, skeleton_space="raw", roots=False), 'skeleton_space="whitened"'),
        (changed(DEFAULT, nearness="density"), 'nearness="cosine"'),
        (changed(DEFAULT, held_out="validation", fold_count=None), 'held_out="folds"'),
        (recipe_for("ridge"), 'nearness="cosine"'),
    ],
)
def test_recipes_that_leave_nothing_to_keep(recipe, lacking):
    with pytest.raises(ConfigError, match=f"a recognizer to keep needs {lacking}"):
        fit_on(SEEN_IDS, fitting=Fitting(recipe=recipe))


def test_the_recipes_choices_are_honoured():
    fixed = fit_on(SEEN_IDS, fitting=Fitting(recipe=changed(QUICK, threshold=0.9)))
    assert fixed.parts.decision.calibration.threshold == 0.9
    hard = fit_on(SEEN_IDS, fitting=Fitting(recipe=changed(QUICK, routing="hard")))
    assert hard.parts.decision.calibration.seen_temperature == 0
    plain = fit_on(SEEN_IDS, fitting=Fitting(recipe=changed(QUICK, gate_weighting="as-they-come")))
    assert plain.parts.decision.gate.scale.tolist() == [1, 1]


def test_features_that_are_not_finite():
    clips = clips_of(SEEN_IDS)
    clips.features[3, 2] = np.nan
    with pytest.raises(DataError, match="features to fit on should be finite"):
        fit_recognizer(clips, TEXTS, None, QUICK_FITTING)


def test_the_encoder_should_be_the_one_that_made_the_features():
    with pytest.raises(DataError, match="but its features have width 16 and these 8"):
        fit_on(SEEN_IDS, encoder=small_encoder())


def test_two_classes_of_one_name():
    texts = ClassTexts((*TEXTS.rows[:-1], ClassText("CLAP", "a", "m")))
    with pytest.raises(TextError, match="a label of its own, but two classes have the same one"):
        fit_on(SEEN_IDS[:5], texts=texts)


def test_a_missing_text_is_named():
    texts = ClassTexts((*TEXTS.rows[:-1], ClassText("crawl", None, "m")))
    with pytest.raises(TextError, match="the class 'crawl' should have a text in column 'action'"):
        fit_on(SEEN_IDS[:5], texts=texts)
    assert fit_on(SEEN_IDS[:5], texts=texts, fitting=replace(QUICK_FITTING, text="lb+md")).parts.kinds == ("lb", "md")


def test_classes_without_labels_are_numbered():
    texts = ClassTexts(tuple(replace(text, label=None) for text in TEXTS))
    recognizer = fit_on(SEEN_IDS, texts=texts, fitting=replace(QUICK_FITTING, text="ad+md"))
    assert recognizer.classes[0] == "class 0"
    recognizer.add_class("sit")
    assert len(recognizer.known[-1].tables) == 2


def test_two_encoders_and_one_kind_of_text():
    fitting = replace(QUICK_FITTING, text="md", encoding=Encoding(("minilm", "other")))
    recognizer = fit_on(SEEN_IDS, fitting=fitting)
    recognizer.add_class("sit", motion="the body will wave")
    added, wave = recognizer.known[-1], next(one for one in recognizer.known if one.text.label == "wave")
    assert len(added.tables) == 2
    np.testing.assert_allclose(added.centre, wave.centre, atol=1e-5)


@pytest.mark.parametrize("known", [True, False])
def test_whole_performers_are_held_out_where_they_are_known(monkeypatch, known):
    made, folds = [], learning.folds
    monkeypatch.setattr(learning, "folds", lambda *arguments: made.extend(folds(*arguments)) or made)
    clips = clips_of(SEEN_IDS)
    fit_recognizer(clips if known else replace(clips, subjects=None), TEXTS, None, QUICK_FITTING)
    assert len(made) == QUICK.fold_count
    for fold in made:
        assert len(fold.unseen) == 3
        seen = fold.test.of(fold.seen)
        assert set(seen.labels.tolist()) == set(fold.seen)
        if known:
            assert len(set(seen.subjects.tolist())) == 1
            assert not set(seen.subjects.tolist()) & set(fold.train.subjects.tolist())


def test_the_progress_is_told():
    told = []
    fit_on(SEEN_IDS, progress=lambda *step: told.append(step))
    assert told == [("fitting on folds", done, 5) for done in range(1, 6)]  # four folds, and the whole


def test_seen_classes_stand_at_the_mean_of_their_clips(on_features):
    clips = clips_of(SEEN_IDS)
    space = on_features.parts.skeleton_space(clips.features)
    for one, k in zip(on_features.known, SEEN_IDS, strict=False):
        np.testing.assert_allclose(one.centre, space[clips.labels == k].mean(axis=0), rtol=1e-5)
