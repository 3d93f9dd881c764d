"""A recognizer as people keep and use it: clips in, a ranking of classes out; classes come and go by their texts.

::

    recognizer = Recognizer.load("model/")
    recognizer.add_class("pour tea", action="to fill a cup from a pot", motion="one hand tilts a pot over a cup …")
    recognizer.predict("clip.skeleton")     # [{"label": "pour tea", "score": 0.71, "seen": False}, …]
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, overload

import numpy as np
from jaxtyping import Float

from gzssar.decision.abstention import MOST_WRONG
from gzssar.decision.decision import Ranking
from gzssar.encoders.streams import SkeletonEncoder, StreamEncoders
from gzssar.errors import ConfigError, DataError, TextError
from gzssar.features.whitening import cosines
from gzssar.methods.method import ClassScores
from gzssar.own_test.answers import OwnTest
from gzssar.printable import listed
from gzssar.recognizer.bundle import load_bundle, save_bundle
from gzssar.recognizer.card import card
from gzssar.recognizer.clips import Clip, as_clip, as_list, trimmed
from gzssar.recognizer.explanation import Explanation, explain
from gzssar.recognizer.labels import look_alikes, require_label
from gzssar.recognizer.own_test import is_silent, own_test, recalibrated
from gzssar.recognizer.parts import KnownClass, Parts, advantages, text_tables, texts_read
from gzssar.recognizer.prediction import Prediction, RankedClass
from gzssar.recognizer.strange_texts import text_doubts
from gzssar.recognizer.teaching import disagrees, first_of_equals, moved, require_motion
from gzssar.running import one_thread
from gzssar.shapes import Clips, Mask, SkeletonFeatures
from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.doubts import clip_doubts
from gzssar.skeletons.moving import is_resting, is_too_short
from gzssar.skeletons.recordings import unlike, unread_bodies
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.texts.classes import ClassText, ClassTexts, label_key, nearest, read_class_texts
from gzssar.texts.encoders.encoder import TextEncoder

_AT_ONCE = 32
"""Clips of a test that are encoded together."""


class Recognizer:
    """Recognizes seen actions, and unseen actions from their texts alone. Threads can share a recognizer, except for
    the methods that change its classes."""

    def __init__(self, parts: Parts, classes: Sequence[KnownClass]) -> None:
        self.parts = parts
        self._classes = {label_key(one.text.label or ""): one for one in classes}

    @classmethod
    def load(cls, folder: str | Path) -> "Recognizer":
        """Load a recognizer that :meth:`save` wrote.

        Raises:
            DataError: the folder holds no recognizer, was damaged or altered, or was written by a newer version.
        """
        return cls(*load_bundle(Path(folder)))

    def save(self, folder: str | Path, overwrite: bool = False) -> None:
        """Write the recognizer to one folder: safetensors, JSON, CSV and a model card.

        Args:
            folder: usually a new folder.
            overwrite: replace the recognizer in the folder; its samples are kept, but notes in its model card are lost.

        Raises:
            OutputError: the folder already holds a recognizer or something else, or it cannot be written.
        """
        save_bundle(Path(folder), self.parts, self.known, overwrite)

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path | None = None,
        revision: str | None = None,
        cache_dir: str | Path | None = None,
        local_files_only: bool = False,
        token: str | bool | None = None,
    ) -> "Recognizer":
        """Load a recognizer by its name. If it comes from a repository, `parts.about` has the commit.

        Args:
            name: None for the packaged model; a folder that :meth:`save` wrote; the name of the packaged model; the
                name of a ready model, such as ``"ntu120"``, which is downloaded if it is not in the cache, and whose
                classes come from the weights alone; or ``"user/name"``, a repository of the Hugging Face hub. They are
                tried in this order.
            revision: a branch, a tag or a whole commit of the repository.
            cache_dir: the folder for repositories; by default, the hub's own cache.
            local_files_only: download nothing, and use only what was downloaded before.
            token: a token of the hub; by default, that of ``hf auth login``.

        Raises:
            ConfigError: there is no such name, or a revision is given but the name is not that of a repository.
            DataError: the download fails, or the recognizer is damaged or was written by a newer version.
            MissingExtraError: the extra ``hub`` is not installed.
            OutputError: the cache of ready models cannot be written.
        """
        from gzssar.recognizer.hub import named_recognizer

        return named_recognizer(name, revision, cache_dir, local_files_only, token)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        private: bool | None = None,
        revision: str | None = None,
        token: str | bool | None = None,
        commit_message: str | None = None,
        license: str | None = None,
    ) -> str:
        """Upload the recognizer to a repository of the Hugging Face hub, from which :meth:`from_pretrained` loads it.

        Args:
            repo_id: ``"user/name"``; an existing repository gets another commit.
            private: whether the repository is private; None leaves it as it is, and makes a new one public.
            revision: the branch; by default, main.
            token: a token that may write; by default, that of ``hf auth login``.
            commit_message: the message of the commit.
            license: the licence for the model card, by its name on the hub: ``"cc-by-nc-4.0"``.

        Returns:
            The address of the commit.

        Raises:
            ConfigError: the name is not valid, or the repository exists, but `private` contradicts it.
            MissingExtraError: the extra ``hub`` is not installed.
            OutputError: the upload fails.
        """
        from gzssar.recognizer.hub import share

        return share(self, repo_id, private, revision, token, commit_message, license)

    def with_text_encoders(self, encoders: Sequence[TextEncoder]) -> "Recognizer":
        """The same recognizer with these language encoders for new classes; its copies share them.

        Raises:
            DataError: an encoder has another revision than that with which the recognizer was fitted.
        """
        parts = replace(self.parts)
        parts.text_encoders.use(encoders)
        return Recognizer(parts, list(self._classes.values()))

    def copy(self) -> "Recognizer":
        """A copy whose classes can be changed separately; the weights are shared."""
        return Recognizer(self.parts, list(self._classes.values()))

    def __repr__(self) -> str:
        unseen = len(self.classes) - len(self.seen_classes)
        reads = f"clips, {self.frames} frames each" if self.has_encoder else "features"
        made_up = ", synthetic" if self.synthetic else ""
        return f"Recognizer({len(self.seen_classes)} seen and {unseen} unseen classes, from {reads}{made_up})"

    @property
    def known(self) -> tuple[KnownClass, ...]:
        """All classes: first the seen ones, then the unseen ones in the order in which they were added."""
        return tuple(sorted(self._classes.values(), key=lambda one: not one.seen))

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels of all classes, in the order of `known`."""
        return tuple(one.text.label or "" for one in self.known)

    @property
    def classes_(self) -> np.ndarray:
        """The same labels, under the name that scikit-learn uses."""
        return np.array(self.classes)

    @property
    def seen_classes(self) -> frozenset[str]:
        """The labels of the classes that the recognizer knows from clips."""
        return frozenset(one.text.label or "" for one in self.known if one.seen)

    @property
    def texts(self) -> ClassTexts:
        """The texts of all classes, in the order of `classes`."""
        return ClassTexts(tuple(one.text for one in self.known))

    @property
    def has_encoder(self) -> bool:
        """Whether the recognizer takes clips; otherwise, it takes features only."""
        return self.parts.encoder is not None

    @property
    def frames(self) -> int:
        """T, the number of frames that the encoder reads."""
        return self.encoder.frames

    @property
    def synthetic(self) -> bool:
        """Whether the training clips are made up."""
        return bool(self.parts.about.get("synthetic"))

    @property
    def card(self) -> str:
        """The model card, as Markdown."""
        return card(self.parts, self.known)

    def add_class(
        self,
        label: str,
        action: str | None = None,
        motion: str | None = None,
        clips: Clip | Sequence[Clip] = (),
        trim: bool = True,
    ) -> tuple[Doubt, ...]:
        """Add a class by its texts, by clips that show it, or by both; nothing is trained.

        Without clips, the label replaces a missing text; a sentence on how the body moves is usually better. With clips
        and no text except the label, only the clips count.

        Args:
            label: the name of the class.
            action: the purpose of the action and its object, as in a dictionary.
            motion: what the body does; this text has the most weight.
            clips: clips that show the class; one is enough.
            trim: as in :meth:`predict`.

        Returns:
            Doubts about the label, if it looks like that of another class, about the texts, if they do not resemble the
            texts of any action, and about the clips; see :meth:`add_clips`.

        Raises:
            ConfigError: a class with this label exists.
            TextError: a text is not a string, is empty, or is longer than the encoder reads, or the label holds control
                or zero-width characters.
            DataError: the text encoder differs from that with which the recognizer was fitted; or as in
                :meth:`add_clips`.
        """
        for name, value in (("label", label), ("action", action or ""), ("motion", motion or "")):
            if not isinstance(value, str):
                raise TextError(f"the {name} of a class should be text, but {value!r} came.")
        if not label.strip():
            raise TextError("a class should have a label, but an empty one came.")
        require_label(label.strip())
        if label_key(label) in self._classes:
            raise ConfigError(f"there is a class {label!r} already: remove it first, or choose another label.")
        label = label.strip()
        text = ClassText(label, action or None, motion or None)
        vectors = self._encode(texts_read(self.parts, text))
        one = KnownClass(text, False, vectors, self._centre(vectors, text))
        alike = look_alikes(label, self.classes)
        if not (some := as_list(clips)):
            self._classes[label_key(label)] = one
            return (*alike, *text_doubts(self.parts, one))
        taught = self.copy()
        taught._classes[label_key(label)] = one
        told = taught.add_clips(label, some, trim)
        self._classes = taught._classes
        described = text.action or text.motion
        return (*alike, *(text_doubts(self.parts, one) if described else ()), *told)

    def add_clips(self, label: str, clips: Clip | Sequence[Clip], trim: bool = True) -> tuple[Doubt, ...]:
        """Show clips of a known class: the centre of the class moves towards them.

        A clip that comes twice counts once. The clips themselves are not kept.

        Args:
            label: the class.
            clips: recordings, or paths of files with one clip each.
            trim: as in :meth:`predict`.

        Returns:
            Doubts about the clips, with the number of the clip if there are several: the doubts of :meth:`doubts`, that
            a clip comes twice, and that the recognizer is sure that a clip shows another class.

        Raises:
            ConfigError: there is no such class.
            DataError: there are no clips; a clip is malformed or too short to show a motion, or nobody moves in it; or
                the recognizer was made from features.
        """
        self._key(label)
        features, told = self.lesson(label, clips, trim)
        self.add_features(label, features)
        return told

    @one_thread()
    def lesson(
        self, label: str, clips: Clip | Sequence[Clip], trim: bool = True
    ) -> tuple[Float[np.ndarray, "N D"], tuple[Doubt, ...]]:
        """Prepare clips of a class: their features, for :meth:`add_features`, and the doubts about them.

        This does not change the recognizer.

        Args:
            label: the class, known or not.
            clips: recordings, or paths of files with one clip each.
            trim: as in :meth:`predict`.

        Returns:
            The features of the clips, without those that come twice, and the doubts, as in :meth:`add_clips`.

        Raises:
            DataError: as :meth:`add_clips`.
        """
        cut = [trimmed(clip, trim) for clip in as_list(clips)]
        if not cut:
            raise DataError(f"showing {label!r} needs at least one clip, but there is none.")
        for number, clip in enumerate(cut, 1):
            require_motion(clip, number, len(cut))
        prepared = self.prepare(cut, trim=False)
        kept, features = first_of_equals(prepared), self.encoder.encode(prepared).features
        answers = self.predict_features(features, abstain=True)
        told = [
            doubt if len(cut) == 1 else doubt._replace(sentence=f"{clip.name or f'Clip {number}'}: {doubt.sentence}")
            for number, (clip, answer) in enumerate(zip(cut, answers, strict=True), 1)
            for doubt in (
                *self.doubts(clip),
                *disagrees(answer, label),
                *([] if kept[number - 1] else [Doubt("twice", "This clip is given twice and counts once.")]),
            )
        ]
        return features[kept], tuple(told)

    def doubts(self, clip: SkeletonSequence) -> tuple[Doubt, ...]:
        """Reasons not to trust an answer about a clip: oddities of the clip, people whom the encoder does not read,
        and differences from the training clips."""
        unread = unread_bodies(clip, _bodies_read(self.parts.encoder)) if self.parts.encoder else ()
        return (*clip_doubts(clip), *unread, *unlike(clip, self.parts.about.get("recordings") or {}))

    def text_doubts(self, label: str) -> tuple[Doubt, ...]:
        """A doubt about the texts of a class, if they do not resemble the texts of any action.

        Raises:
            ConfigError: there is no such class.
        """
        return text_doubts(self.parts, self._classes[self._key(label)])

    def add_features(self, label: str, features: SkeletonFeatures) -> None:
        """Show clips of a class by their features from the recognizer's encoder, as :meth:`add_clips` does.

        Raises:
            ConfigError: there is no such class.
            DataError: there are no features, or they have another width or are not finite.
        """
        self._move(label, self._mapped(features), 1)

    def remove_clips(self, label: str, clips: Clip | Sequence[Clip], trim: bool = True) -> None:
        """Take back clips of a class that were given to :meth:`add_class`, :meth:`add_clips` or :meth:`correct`.
        Once the last of them is taken back, a class that was added is known from its texts only.

        Raises:
            ConfigError: there is no such class, or fewer clips were shown.
            DataError: as :meth:`add_clips`.
        """
        self._move(label, self._mapped(self.encode(clips, trim)), -1)

    def correct(self, clip: Clip, label: str, trim: bool = True) -> tuple[Doubt, ...]:
        """Say what a clip shows after a wrong answer: the centre of this class moves towards the clip.

        Returns, Raises:
            As :meth:`add_clips`.
        """
        return self.add_clips(label, clip, trim)

    def _move(self, label: str, clips: Float[np.ndarray, "N W"], sign: Literal[1, -1]) -> None:
        """Add clips in the whitened space to a class's centre, or take them back."""
        one = self._classes[self._key(label)]
        expected = self._centre(one.tables, one.text)
        self._classes[self._key(label)] = moved(one, clips, sign, expected, self.parts.prior)

    def add_classes(self, texts: ClassTexts | str | Path) -> tuple[str, ...]:
        """Add the classes of a table, as :meth:`add_class` does. If one of them cannot be added, none is.

        Args:
            texts: the table or its path: CSV, TSV, JSON or YAML with label, action and motion.

        Returns:
            The labels of the classes that are skipped because the recognizer knows them with the same texts.

        Raises:
            GzssarError: as in :meth:`add_class`; or a class has no label, or the table is malformed.
        """
        if not isinstance(texts, ClassTexts | str | Path):
            raise TextError(f"texts should be ClassTexts or the path of a table, but {type(texts).__name__} came.")
        texts = texts if isinstance(texts, ClassTexts) else read_class_texts(Path(texts))
        more, known = self.copy(), []
        for text, label in zip(texts, texts.of_kind("label"), strict=True):
            if self._knows(text):
                known.append(label)
            else:
                more.add_class(label, text.action, text.motion)
        self._classes = more._classes
        return tuple(known)

    def _knows(self, text: ClassText) -> bool:
        """Whether there is a class of that label, with the texts that are given."""
        there = self._classes.get(label_key(text.label or ""))
        given = [(text.action, there.text.action), (text.motion, there.text.motion)] if there else []
        return there is not None and all(new in (None, old) for new, old in given)

    def remove_class(self, label: str) -> None:
        """Remove a class, seen or unseen.

        Raises:
            ConfigError: there is no such class, or no other class is left.
        """
        key = self._key(label)
        if len(self._classes) == 1:
            raise ConfigError(f"a recognizer needs at least one class, but {label!r} is the last one.")
        del self._classes[key]

    @overload
    def predict(  # type: ignore[overload-overlap]  # a str is a sequence of str too
        self,
        clips: Clip,
        candidate_labels: Sequence[str] | None = ...,
        top_k: int | None = ...,
        abstain: bool = ...,
        trim: bool = ...,
        most_wrong: float = ...,
    ) -> Prediction: ...
    @overload
    def predict(
        self,
        clips: Sequence[Clip],
        candidate_labels: Sequence[str] | None = ...,
        top_k: int | None = ...,
        abstain: bool = ...,
        trim: bool = ...,
        most_wrong: float = ...,
    ) -> list[Prediction]: ...
    def predict(
        self,
        clips: Clip | Sequence[Clip],
        candidate_labels: Sequence[str] | None = None,
        top_k: int | None = 5,
        abstain: bool = False,
        trim: bool = True,
        most_wrong: float = MOST_WRONG,
    ) -> Prediction | list[Prediction]:
        """Rank the classes for a clip, or for each clip of a list.

        Args:
            clips: recordings in any layout, or paths of files with one clip each.
            candidate_labels: the classes that may be the answer; by default, all classes.
            top_k: the largest number of classes in a ranking; None for all.
            abstain: give no label if the answer is unsure, for example because the clip is too short to show a motion.
                Without it, `label` is the best guess, and `unsure` and `in_words` say how sure it is.
            trim: use only the frames and the bodies that move, and give no label if nobody moves; see
                :mod:`gzssar.skeletons.moving`.
            most_wrong: the bound on the share of wrong answers among those that are not unsure; it is estimated on
                held-out performers and classes.

        Raises:
            ConfigError: a candidate is not a class or comes twice, or there are no candidates; `most_wrong` is not a
                share.
            DataError: a clip is malformed, or the recognizer was made from features.
        """
        if isinstance(clips, Clip):
            return self.predict([clips], candidate_labels, top_k, abstain, trim, most_wrong)[0]
        cut = [trimmed(clip, trim) for clip in as_list(clips)]
        if not cut:
            self._candidates(candidate_labels)
            return []
        answers = self.predict_features(self.encode(cut, trim=False), candidate_labels, top_k, abstain, most_wrong)
        return [self._judged(answer, clip, abstain) for answer, clip in zip(answers, cut, strict=True)]

    @one_thread()
    def predict_proba(self, clips: Clip | Sequence[Clip], trim: bool = True) -> Float[np.ndarray, "N K"]:
        """The probability of each class for each clip, with columns as in `classes`; each row sums to 1."""
        _, ranked = self._rank(self._mapped(self.encode(clips, trim)), self.known)
        return np.concatenate([ranked.seen, ranked.unseen], axis=1)

    @one_thread()
    def encode(self, clips: Clip | Sequence[Clip], trim: bool = True) -> Float[np.ndarray, "N D"]:
        """The skeleton features of recordings, for :meth:`predict_features`.

        Args:
            clips: recordings, or paths of files with one clip each.
            trim: as in :meth:`predict`.

        Raises:
            DataError: a clip is malformed, or the recognizer was made from features.
        """
        some = as_list(clips)
        if not some:
            return np.zeros((0, self.parts.skeleton_space.width), dtype=np.float32)
        return self.encoder.encode(self.prepare(some, trim)).features

    def prepare(self, clips: Clip | Sequence[Clip], trim: bool = True) -> Clips:
        """Prepare recordings for the encoder, and for the exported ``encoder.onnx``: cut to the part in which somebody
        moves, converted to NTU-25, resampled to the encoder's frame rate, turned, and brought to T frames. Several
        streams are concatenated along C.

        Args:
            clips: recordings, or paths of files with one clip each.
            trim: as in :meth:`predict`.

        Raises:
            DataError: there are no clips, one is malformed, or the recognizer was made from features.
        """
        some = as_list(clips)
        if not some:
            raise DataError("there should be at least one clip to prepare, but there is none.")
        return np.stack([self.encoder.prepare(trimmed(clip, trim)) for clip in some])

    @one_thread()
    def predict_features(
        self,
        features: SkeletonFeatures,
        candidate_labels: Sequence[str] | None = None,
        top_k: int | None = 5,
        abstain: bool = False,
        most_wrong: float = MOST_WRONG,
    ) -> list[Prediction]:
        """Rank the classes for skeleton features (N, D) from the recognizer's encoder, as :meth:`predict` does.

        Raises:
            DataError: the features have another width, or are not finite.
        """
        if top_k is not None and (not isinstance(top_k, int | np.integer) or top_k < 1):
            raise ConfigError(f"top_k should be a whole number of at least 1, or None for all, but it is {top_k!r}.")
        known = self._candidates(candidate_labels)
        thresholds = self.parts.abstention.at(most_wrong)
        cosine, ranked = self._rank(self._mapped(features), known)
        rows = np.concatenate([ranked.seen, ranked.unseen], axis=1)
        order = np.argsort(-rows, axis=1, kind="stable")[:, :top_k]
        best, each = order[:, 0], np.arange(len(rows))
        kinds = np.array([one.seen for one in known], dtype=bool)
        seen, judged = kinds[best], len(set(kinds)) > 1
        nearest = cosine[each, best]
        unlike, unsure = thresholds.unlike(nearest, seen), thresholds.unsure(rows[each, best], nearest, seen)
        return [
            Prediction(
                tuple(
                    RankedClass(label=known[k].text.label or "", score=float(rows[n, k]), seen=known[k].seen)
                    for k in order[n]
                ),
                float(ranked.p_seen[n]) if judged else None,
                bool(abstain and unsure[n]),
                (_unlike(known[best[n]]),) if unlike[n] else (),
                unsure=bool(unsure[n]),
            )
            for n in range(len(rows))
        ]

    def evaluate(
        self,
        clips: Clip | Sequence[Clip],
        labels: Sequence[str],
        subjects: Sequence[int | None] | None = None,
        trim: bool = True,
        most_wrong: float = MOST_WRONG,
    ) -> OwnTest:
        """Recognize clips whose classes are known; :func:`~gzssar.own_test.scores_of` scores the answers.

        Args:
            clips: recordings, or paths of files with one clip each.
            labels: the label of each clip's class; case and spaces do not count. Clips of classes that the recognizer
                does not have are left out of all accuracies, but the number of those that get an answer is counted.
            subjects: the performers, if known.
            trim: as in :meth:`predict`.
            most_wrong: as in :meth:`predict`.

        Raises:
            ConfigError: `most_wrong` is not a share.
            DataError: there are no clips, all are of other classes, one is malformed, or there is not a label for each
                clip.
        """
        cut = [trimmed(clip, trim) for clip in as_list(clips)]
        starts = range(0, max(1, len(cut)), _AT_ONCE)
        return self.evaluate_features(
            np.concatenate([self.encode(cut[start : start + _AT_ONCE], trim=False) for start in starts]),
            labels,
            subjects,
            [clip.name or f"clip {n}" for n, clip in enumerate(cut)],
            np.array([is_silent(clip) for clip in cut], dtype=bool),
            most_wrong,
        )

    @one_thread()
    def evaluate_features(
        self,
        features: SkeletonFeatures,
        labels: Sequence[str],
        subjects: Sequence[int | None] | None = None,
        names: Sequence[str] | None = None,
        silent: Mask | None = None,
        most_wrong: float = MOST_WRONG,
    ) -> OwnTest:
        """The same as :meth:`evaluate`, for skeleton features (N, D) from the recognizer's encoder.

        Args:
            features: the features of the clips.
            labels: the label of each clip's class.
            subjects: the performers, if known.
            names: the names of the clips.
            silent: which clips get no answer because nobody moves in them or they are too short; features do not show
                this.
            most_wrong: as in :meth:`predict`.
        """
        cosines, ranking = self._rank(self._mapped(features), self.known)
        return own_test(self.parts, self.known, cosines, ranking, labels, subjects, names, silent, most_wrong)

    def recalibrated(self, test: OwnTest, data: str = "clips of the user's own") -> "Recognizer":
        """The same recognizer with gate, temperatures, threshold and limits of abstention fitted on the clips of a
        test, such as clips of another sensor. The scores on its card stay those from before.

        Args:
            test: a test of this recognizer, with at least ten clips of seen classes and ten of unseen ones.
            data: the name of the clips on the card.

        Raises:
            ConfigError: there are fewer clips, or the classes of the recognizer have changed since the test.
        """
        if test.classes != self.classes:
            raise ConfigError("the test should be of this recognizer with its present classes: evaluate it again.")
        return Recognizer(recalibrated(self.parts, self.known, test, data), self.known)

    def _judged(self, answer: Prediction, clip: SkeletonSequence, abstain: bool) -> Prediction:
        """An answer with what speaks against it; nothing is said of a class where nobody moves, or, on request, where
        a clip is too short to tell."""
        if is_resting(clip):
            return replace(answer, warning=clip_doubts(clip), resting=True)
        unsure = answer.unsure or is_too_short(clip)
        doubts = (*self.doubts(clip), *answer.warning)
        return replace(answer, unsure=unsure, abstained=abstain and unsure, warning=doubts)

    def explain(self, clip: Clip, label: str, trim: bool = True) -> Explanation:
        """Explain the score of a class: the similarity to each of its texts, and the joints and frames that
        mattered."""
        return explain(self.parts, self.encoder, as_clip(clip), self._classes[self._key(label)], trim)

    def _rank(
        self, clips: Float[np.ndarray, "N W"], known: Sequence[KnownClass]
    ) -> tuple[Float[np.ndarray, "N K"], Ranking]:
        """Cosines between clips and the centres of classes, seen ones first, and the probabilities of these classes."""
        cosine = cosines(clips, np.stack([one.centre for one in known]))
        scores = cosine + advantages(self.parts, known)
        count = sum(one.seen for one in known)
        return cosine, self.parts.decision.rank(ClassScores(scores[:, :count], scores[:, count:]))

    def _mapped(self, features: SkeletonFeatures) -> Float[np.ndarray, "N W"]:
        """Features in the whitened space.

        Raises:
            DataError: they have another width, are not finite, or too far from the training clips.
        """
        width = self.parts.skeleton_space.width
        try:
            with np.errstate(over="ignore"):  # what leaves the range becomes infinite and is refused
                features = np.asarray(features, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"features should be an array of numbers, one row per clip, but they are not ({error})."
            ) from error
        if features.ndim != 2 or features.shape[1] != width:
            raise DataError(
                f"features should be of width {width}, one row per clip, but their shape is {features.shape}: encode "
                "the clips with the recognizer's own encoder."
            )
        if not np.isfinite(features).all():
            raise DataError("features should be finite, but some are not: check that positions are in metres.")
        with np.errstate(over="ignore", invalid="ignore"):
            clips = self.parts.skeleton_space(features)
            lengths = np.linalg.norm(clips, axis=1)
        if not np.isfinite(lengths).all():
            raise DataError(
                "features should be near those of the training clips, but some are too far away to be compared: check "
                "that positions are in metres."
            )
        return clips

    def _candidates(self, labels: Sequence[str] | None) -> tuple[KnownClass, ...]:
        if labels is None:
            return self.known
        if isinstance(labels, str) or not isinstance(labels, Iterable) or not len(labels := list(labels)):
            raise ConfigError("candidate_labels should be a list of at least one class, but it is not.")
        keys = [self._key(label) for label in labels]
        if len(set(keys)) < len(keys):
            twice = next(label for label, key in zip(labels, keys, strict=True) if keys.count(key) > 1)
            raise ConfigError(f"each candidate should be named once, but {twice!r} is named twice.")
        return tuple(sorted((self._classes[key] for key in keys), key=lambda one: not one.seen))

    def _key(self, label: str) -> str:
        if not isinstance(label, str):
            raise ConfigError(f"a class is named by its label, which is text, but {label!r} came.")
        key = label_key(label)
        if key not in self._classes:
            near = nearest(label, self.classes)
            hint = f"nearest are {', '.join(map(repr, near))}" if near else f"they are {listed(self.classes)}"
            raise ConfigError(f"{label!r} should be one of the {len(self._classes)} classes, but it is not: {hint}.")
        return key

    def _encode(self, texts: Sequence[str]) -> tuple[Float[np.ndarray, "_"], ...]:
        """Features of one class's texts, encoder by encoder within each kind."""
        encoding = self.parts.encoding
        rows = [encoder.encode(texts, truncate=encoding.truncate) for encoder in self.parts.text_encoders()]
        return tuple(table[kind] for kind in range(len(texts)) for table in rows)

    def _centre(self, vectors: Sequence[Float[np.ndarray, "_"]], text: ClassText) -> Float[np.ndarray, "W"]:
        """What the texts of one class let expect.

        Raises:
            DataError: the weights of the recognizer let expect nothing finite.
        """
        tables = [table for _, table in text_tables(self.parts, vectors, text)]
        with np.errstate(over="ignore", invalid="ignore"):  # what leaves the range becomes infinite and is refused
            centre = np.asarray((self.parts.text_space(tables) @ self.parts.regression)[0], dtype=np.float32)
        if not np.isfinite(centre).all():
            raise DataError(
                f"the texts of {text.label!r} should predict finite features, but they do not: the recognizer's "
                "weights are too large, so fit it again."
            )
        return centre

    @property
    def encoder(self) -> SkeletonEncoder:
        """The skeleton encoder; several streams are one encoder.

        Raises:
            DataError: the recognizer was made from features.
        """
        if self.parts.encoder is None:
            raise DataError(
                "this recognizer was fitted on features and has no skeleton encoder: give it features "
                "(predict_features), or fit one with --encoder-weights."
            )
        return self.parts.encoder


def _bodies_read(encoder: SkeletonEncoder) -> int:
    """M, which all streams share."""
    one = encoder.members[0] if isinstance(encoder, StreamEncoders) else encoder
    return one.network.body_count


def _unlike(answered: KnownClass) -> Doubt:
    label = answered.text.label
    if answered.seen:
        sentence = f"The movement is unlike that of the clips of {label!r} that the recognizer learned from."
    else:
        sentence = f"The movement is not clearly what the texts of {label!r} describe."
    return Doubt("unlike-class", sentence)
