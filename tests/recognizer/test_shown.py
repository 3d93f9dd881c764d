"""Classes that are shown by a few clips."""

from dataclasses import replace

import numpy as np
import pytest

from gzssar.errors import ConfigError, DataError
from gzssar.recognizer import Prediction, Recognizer
from gzssar.recognizer.shown import Prior
from gzssar.recognizer.teaching import disagrees
from gzssar.skeletons.sequence import SkeletonSequence
from recognizer_world import LABELS, WIDTH, clips_of, table

PRIOR = Prior(clips=2.0, advantage=0.4)
EXPECTED, TOTAL = np.array([1.0, 0.0]), np.array([0.0, 6.0])


def shown(ids, count, seed=11):
    """Features of so many clips of each class, which nothing was learned from."""
    clips = clips_of(ids, seed)
    return [clips.features[clips.labels == k][:count] for k in ids]


def test_a_centre_by_hand():
    assert PRIOR.centre(EXPECTED, TOTAL, 3).tolist() == pytest.approx([2 / 5, 6 / 5])
    assert PRIOR.centre(None, TOTAL, 3).tolist() == [0, 2]


@pytest.mark.parametrize("expected", [EXPECTED, None])
def test_the_clips_of_a_centre_are_found_again(expected):
    centre = PRIOR.centre(expected, TOTAL, 3)
    assert PRIOR.total(expected, centre, 3).tolist() == pytest.approx(TOTAL.tolist(), abs=1e-6)


def test_advantages_by_hand():
    assert PRIOR.advantages(np.array([0.0, 1.0, 4.0])).tolist() == pytest.approx([0, 0.4, 0.05])


def test_the_prior_is_what_the_seen_classes_tell(on_features):
    prior = on_features.parts.prior
    assert 0 < prior.clips <= 10
    assert 0 < prior.advantage < 1


def test_clips_mend_texts_that_describe_something_else(on_features):
    k = LABELS.index("wave")
    on_features.remove_class("wave")
    on_features.add_class("greet", action="to stand", motion="nothing in particular")
    clips = clips_of([k], seed=23).features

    def greeted():
        return sum(answer[0]["label"] == "greet" for answer in on_features.predict_features(clips))

    by_texts = greeted()
    on_features.add_features("greet", shown([k], 3)[0])
    assert greeted() > by_texts
    assert greeted() == len(clips)


def test_a_class_by_clips_alone_needs_no_text_that_means_anything(on_features):
    k = LABELS.index("wave")
    on_features.remove_class("wave")
    on_features.add_class("gesture 7")
    on_features.add_features("gesture 7", shown([k], 3)[0])
    clips = clips_of([k], seed=23).features
    told = [answer[0]["label"] for answer in on_features.predict_features(clips)]
    assert told.count("gesture 7") > 0.9 * len(told)
    one = next(one for one in on_features.known if one.text.label == "gesture 7")
    mean = on_features.parts.skeleton_space(shown([k], 3)[0]).mean(axis=0)
    np.testing.assert_allclose(one.centre, mean, rtol=1e-5)


def test_texts_and_clips_together_lie_between_both(on_features):
    k = LABELS.index("wave")
    before = next(one.centre for one in on_features.known if one.text.label == "wave")
    features = shown([k], 3)[0]
    on_features.add_features("wave", features)
    count = on_features.parts.prior.clips
    total = on_features.parts.skeleton_space(features).sum(axis=0)
    one = next(one for one in on_features.known if one.text.label == "wave")
    np.testing.assert_allclose(one.centre, (count * before + total) / (count + 3), rtol=1e-4, atol=1e-5)
    assert (one.clips, one.shown, one.seen) == (3, True, True)
    assert "wave" in on_features.seen_classes


def test_clips_one_by_one_are_clips_together(on_features):
    features = shown([LABELS.index("wave")], 3)[0]
    together = on_features.copy()
    together.add_features("wave", features)
    for row in features:
        on_features.add_features("wave", row[None])
    np.testing.assert_allclose(table(on_features, features), table(together, features), atol=1e-5)


def test_clips_are_taken_back(on_recordings, clips):
    before = on_recordings.predict_proba(clips)
    order = on_recordings.classes
    on_recordings.add_clips("wave", clips[:2])
    assert not np.allclose(on_recordings.predict_proba(clips).max(axis=1), before.max(axis=1))
    on_recordings.remove_clips("wave", clips[:1])
    on_recordings.remove_clips("wave", clips[1])
    assert set(on_recordings.classes) == set(order)
    assert "wave" not in on_recordings.seen_classes
    columns = [on_recordings.classes.index(label) for label in order]
    np.testing.assert_allclose(on_recordings.predict_proba(clips)[:, columns], before, atol=1e-5)


def test_no_more_clips_are_taken_back_than_came(on_recordings, clips):
    with pytest.raises(
        ConfigError, match=r"only take back clips that showed 'wave', but 0 clips showed it and 1 were given\."
    ):
        on_recordings.remove_clips("wave", clips[0])


def test_a_trained_class_moves_little(on_recordings, clips):
    label = sorted(on_recordings.seen_classes)[0]
    before = next(one for one in on_recordings.known if one.text.label == label)
    on_recordings.correct(clips[0], label)
    after = next(one for one in on_recordings.known if one.text.label == label)
    assert (after.clips, after.shown) == (before.clips + 1, False)
    clip = on_recordings.parts.skeleton_space(on_recordings.encode(clips[0]))[0]
    np.testing.assert_allclose(after.centre, before.centre + (clip - before.centre) / after.clips, rtol=1e-4, atol=1e-5)


def test_a_shown_class_is_kept(on_recordings, clips, tmp_path):
    on_recordings.add_class("pour tea", motion="one hand tilts a pot over a cup", clips=clips[:2])
    on_recordings.save(tmp_path / "model")
    assert (
        "- taught after the fit, with the number of clips: pour tea (2)"
        in (tmp_path / "model" / "README.md").read_text()
    )
    again = Recognizer.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict_proba(clips), on_recordings.predict_proba(clips))
    features = on_recordings.encode(clips)
    again.remove_clips("pour tea", clips[:2])
    on_recordings.remove_clips("pour tea", clips[:2])
    columns = [again.classes.index(label) for label in on_recordings.classes]
    np.testing.assert_allclose(table(again, features)[:, columns], table(on_recordings, features), atol=1e-6)


def test_the_same_clip_twice_counts_once(on_recordings, clips):
    once, twice = on_recordings.copy(), on_recordings.copy()
    once.add_clips("wave", clips[:1])
    told = twice.add_clips("wave", [clips[0], clips[0]])
    said = "This clip is given twice and counts once."
    assert [doubt.sentence for doubt in told if doubt.code == "twice"] == [f"{clips[0].name}: {said}"]
    _, told = once.lesson("wave", [replace(clips[0], name="")] * 2)
    assert [doubt.sentence for doubt in told if doubt.code == "twice"] == [f"Clip 2: {said}"]
    np.testing.assert_allclose(once.predict_proba(clips), twice.predict_proba(clips), atol=1e-6)


def test_a_clip_that_the_recognizer_is_sure_shows_another_class():
    answer = Prediction(({"label": "wave", "score": 0.934, "seen": True},), 0.9)
    assert disagrees(answer, "WAVE") == disagrees(replace(answer, abstained=True), "bow") == ()
    (doubt,) = disagrees(answer, "bow")
    assert doubt == ("another-class", "The recognizer sees 'wave' in this clip (93%), not 'bow'.")


def still(clip):
    return replace(clip, joints=np.repeat(clip.joints[:, :1], 40, axis=1))


def short(clip):
    return SkeletonSequence(clip.joints[:, :1], clip.fps, clip.layout)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (still, r"clip 2 of 2 should show a motion, but nobody moves in it"),
        (short, r"clip 2 of 2 should show a motion, but it lasts 0\.05 s"),
        (lambda clip: "no such file", r"no such file"),
    ],
)
def test_clips_that_show_nothing_teach_nothing(on_recordings, clips, change, said):
    before = on_recordings.classes
    with pytest.raises(DataError, match=said):
        on_recordings.add_class("pour tea", clips=[clips[0], change(clips[1])])
    assert on_recordings.classes == before


def test_clips_without_an_encoder(on_features, clips):
    with pytest.raises(DataError, match="has no skeleton encoder"):
        on_features.add_clips("wave", clips)
    with pytest.raises(DataError, match="needs at least one clip, but there is none"):
        on_features.add_clips("wave", [])


def test_no_class_of_that_name(on_features):
    with pytest.raises(ConfigError, match="'wive' should be one of the 12 classes, but it is not: nearest are 'wave'"):
        on_features.add_features("wive", np.zeros((1, WIDTH), dtype=np.float32))


def test_a_hundred_clips_count_more_than_any_text(on_features):
    k = LABELS.index("wave")
    features = np.concatenate([shown([k], 8, seed=seed)[0] for seed in range(13)])
    on_features.add_features("wave", features)
    one = next(one for one in on_features.known if one.text.label == "wave")
    mean = on_features.parts.skeleton_space(features).mean(axis=0)
    assert np.linalg.norm(one.centre - mean) < 0.1 * np.linalg.norm(mean)
