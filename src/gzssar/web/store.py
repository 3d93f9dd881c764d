"""Which classes there are: the model's own, those that visitors share, and those that one visitor sends along.

A recognizer that answers never changes: classes are added to copies, and clips shown to them. So any number of requests
read at the same time, and what one visitor adds cannot reach another.
"""

import threading
from collections import OrderedDict

from starlette.exceptions import HTTPException

from gzssar.errors import ConfigError
from gzssar.recognizer import Recognizer
from gzssar.skeletons.doubt import Doubt
from gzssar.texts.classes import label_key
from gzssar.web.limits import Limits
from gzssar.web.schemas import Features, NewClass, OwnClass, ShownClass, unpacked
from gzssar.web.workers import Check

Own = tuple[OwnClass, ...]
"""Classes that are not the model's, and clips that show such or the model's."""

_COPIES = 32  # of recognizers with visitors' classes that are kept, because the next request is likely to want them


class ClassStore:
    """The recognizer in its variants.

    Args:
        recognizer: the model; it is not touched.
        limits: how many classes may be added.
        shared: whether classes can be added for everyone.
    """

    def __init__(self, recognizer: Recognizer, limits: Limits, shared: bool) -> None:
        self.shared = shared
        self.trained = recognizer.seen_classes
        """Classes that the model itself has seen clips of."""
        self._limits = limits
        self._model = recognizer
        self._everyone: Own = ()
        self._current = recognizer
        self._copies: OrderedDict[Own, Recognizer] = OrderedDict()
        self._reading = threading.Lock()
        """Held for look-ups only, never while texts are encoded."""
        self._writing = threading.Lock()

    def check(self, new: NewClass) -> tuple[Doubt, ...]:
        """See whether a class could be added, without adding it, and what speaks against its texts.

        Raises:
            HTTPException: there is a class of that label.
            GzssarError: the recognizer refuses it.
        """
        _require_new(new.label, self.recognizer())
        return self.recognizer((_own(new),)).text_doubts(new.label)

    def recognizer(self, added: Own = ()) -> Recognizer:
        """The recognizer with the classes that a visitor sends along.

        Raises:
            GzssarError: there are too many, or the recognizer refuses one.
        """
        if known := self.ready(added):
            return known
        self._check_count(added)
        with self._reading:
            base = self._current
        changed = _with(base, added)
        with self._reading:
            if base is self._current:
                self._copies[added] = changed
                while len(self._copies) > _COPIES:
                    self._copies.popitem(last=False)
        return changed

    def ready(self, added: Own) -> Recognizer | None:
        """The recognizer with these classes, where no text has to be encoded for it."""
        with self._reading:
            if not added:
                return self._current
            if added in self._copies:
                self._copies.move_to_end(added)
            return self._copies.get(added)

    def classes(self) -> list[ShownClass]:
        """Everything the server knows, in the recognizer's order."""
        with self._reading:
            now, everyone = self._current, self._everyone
        shown = {label_key(one.label): len(one.clips) for one in everyone}
        return [
            ShownClass(
                label=label,
                action=text.action,
                motion=text.motion,
                seen=label in self.trained,
                added=label not in self._model.classes,
                clips=shown.get(label_key(label), 0),
            )
            for label, text in zip(now.classes, now.texts, strict=True)
        ]

    def add(self, new: NewClass, check: Check = lambda: None) -> tuple[Doubt, ...]:
        """Add a class for everyone, and say what speaks against its texts.

        Args:
            new: the class.
            check: raises where nobody waits for the answer any more; nothing is added then.

        Raises:
            HTTPException: there is a class of that label.
            GzssarError: there are too many, or the recognizer refuses it.
        """
        with self._writing:
            _require_new(new.label, self.recognizer())
            changed = self._grow((*self._everyone, _own(new)), _own(new), check)
            return changed.text_doubts(new.label)

    def teach(self, label: str, clip: Features, check: Check = lambda: None) -> None:
        """Show a class to everyone's recognizer.

        Args:
            label: the class; a new one is added.
            clip: shows it.
            check: as in :meth:`add`.

        Raises:
            HTTPException: this clip shows the class already.
            GzssarError: there are too many classes or clips, or the recognizer refuses one.
        """
        with self._writing:
            self._grow(with_clip(self._everyone, label, clip), OwnClass(label=label, clips=(clip,)), check)

    def remove(self, label: str) -> None:
        """Remove a class that was added for everyone.

        Raises:
            HTTPException: there is none of that label, or it is the model's own.
        """
        with self._writing:
            key = label_key(label)
            if key in map(label_key, self._model.classes):
                raise HTTPException(
                    409, f"{label!r} is a class of the model: you can only remove classes that were added."
                )
            kept = tuple(one for one in self._everyone if label_key(one.label) != key)
            if len(kept) == len(self._everyone):
                raise HTTPException(404, f"there is no added class {label[:100]!r}.")
            self._change(kept, _with(self._model, kept))

    def take_back(self, label: str, number: int) -> None:
        """Take back a clip that was shown to everyone's recognizer; a class of nothing else goes with its last one.

        Args:
            label: the class.
            number: of the clip, from 0, in the order in which they came.

        Raises:
            HTTPException: there is no such clip.
        """
        with self._writing:
            key = label_key(label)
            known = next((one for one in self._everyone if label_key(one.label) == key), None)
            if known is None or number >= len(known.clips):
                raise HTTPException(404, f"no clip number {number} was shown of {label[:100]!r}.")
            left = known.model_copy(update={"clips": known.clips[:number] + known.clips[number + 1 :]})
            kept = tuple(left if one is known else one for one in self._everyone)
            kept = tuple(one for one in kept if one.clips or one.action or one.motion or one is not left)
            self._change(kept, _with(self._model, kept))

    def _grow(self, everyone: Own, new: OwnClass, check: Check) -> Recognizer:
        self._check_count(everyone)
        changed = _with(self.recognizer(), (new,))
        check()
        self._change(everyone, changed)
        return changed

    def _change(self, everyone: Own, recognizer: Recognizer) -> None:
        with self._reading:
            self._everyone, self._current = everyone, recognizer
            self._copies.clear()

    def _check_count(self, added: Own) -> None:
        most = self._limits
        if len(added) > most.max_classes:
            raise ConfigError(f"at most {most.max_classes} classes can be added: remove a class first.")
        if sum(len(one.clips) for one in added) > most.max_clips:
            raise ConfigError(f"at most {most.max_clips} clips can show classes: take a clip back first.")


def with_clip(added: Own, label: str, clip: Features) -> Own:
    """Classes after one more clip shows one of them, or one that is not among them yet.

    Raises:
        HTTPException: this clip shows it already.
    """
    key = label_key(label)
    if not any(label_key(one.label) == key for one in added):
        return (*added, OwnClass(label=label, clips=(clip,)))
    if any(label_key(one.label) == key and clip in one.clips for one in added):
        raise HTTPException(409, f"this clip shows {label!r} already, and a clip counts once: show another clip.")
    return tuple(
        one.model_copy(update={"clips": (*one.clips, clip)}) if label_key(one.label) == key else one for one in added
    )


def _own(new: NewClass) -> OwnClass:
    return OwnClass(label=new.label, action=new.action, motion=new.motion)


def called(label: str, recognizer: Recognizer) -> str:
    """A label as the recognizer writes it, if it knows the class."""
    return next((known for known in recognizer.classes if label_key(known) == label_key(label)), label)


def _require_new(label: str, recognizer: Recognizer) -> None:
    if label_key(label) in map(label_key, recognizer.classes):
        raise HTTPException(409, f"there is a class {label!r} already: choose another name.")


def _with(recognizer: Recognizer, added: Own) -> Recognizer:
    changed = recognizer.copy()
    for new in added:
        only_clips = bool(new.clips) and not (new.action or new.motion)
        if not (only_clips and called(new.label, changed) in changed.classes):
            changed.add_class(new.label, new.action or None, new.motion or None)
        for clip in new.clips:
            changed.add_features(new.label, unpacked(clip)[None])
    return changed
