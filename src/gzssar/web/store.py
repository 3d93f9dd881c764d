"""Which classes there are: the model's own, those that visitors share, and those that one visitor sends along.

A recognizer that answers never changes: classes are added to copies. So any number of requests read at the same time,
and what one visitor adds cannot reach another.
"""

import threading
from collections import OrderedDict

from starlette.exceptions import HTTPException

from gzssar.errors import ConfigError
from gzssar.recognizer import Recognizer
from gzssar.skeletons.doubt import Doubt
from gzssar.texts.classes import label_key
from gzssar.web.limits import Limits
from gzssar.web.schemas import NewClass, ShownClass
from gzssar.web.workers import Check

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
        self._limits = limits
        self._own = frozenset(recognizer.classes)
        self._current = recognizer
        self._copies: OrderedDict[tuple[NewClass, ...], Recognizer] = OrderedDict()
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
        return self.recognizer((new,)).text_doubts(new.label)

    def recognizer(self, added: tuple[NewClass, ...] = ()) -> Recognizer:
        """The recognizer with the classes that a visitor sends along.

        Raises:
            GzssarError: there are too many, or the recognizer refuses one.
        """
        if known := self.ready(added):
            return known
        if len(added) > self._limits.max_classes:
            raise self._too_many()
        with self._reading:
            base = self._current
        changed = _with(base, added)
        with self._reading:
            if base is self._current:
                self._copies[added] = changed
                while len(self._copies) > _COPIES:
                    self._copies.popitem(last=False)
        return changed

    def ready(self, added: tuple[NewClass, ...]) -> Recognizer | None:
        """The recognizer with these classes, where no text has to be encoded for it."""
        with self._reading:
            if not added:
                return self._current
            if added in self._copies:
                self._copies.move_to_end(added)
            return self._copies.get(added)

    def classes(self) -> list[ShownClass]:
        """Everything the server knows, in the recognizer's order."""
        now = self.recognizer()
        return [
            ShownClass(
                label=label,
                action=text.action,
                motion=text.motion,
                seen=label in now.seen_classes,
                added=label not in self._own,
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
            now = self.recognizer()
            _require_new(new.label, now)
            if len(now.classes) - len(self._own) >= self._limits.max_classes:
                raise self._too_many()
            changed = _with(now, (new,))
            check()
            self._change(changed)
            return changed.text_doubts(new.label)

    def remove(self, label: str) -> None:
        """Remove a class that was added for everyone.

        Raises:
            HTTPException: there is none of that label, or it is the model's own.
        """
        with self._writing:
            now = self.recognizer()
            if label in self._own:
                raise HTTPException(409, f"{label!r} is the model's own class: only added ones can be removed.")
            if label not in now.classes:
                raise HTTPException(404, f"there is no added class {label[:100]!r}.")
            changed = now.copy()
            changed.remove_class(label)
            self._change(changed)

    def _change(self, recognizer: Recognizer) -> None:
        with self._reading:
            self._current = recognizer
            self._copies.clear()

    def _too_many(self) -> ConfigError:
        return ConfigError(f"at most {self._limits.max_classes} classes can be added: remove one first.")


def _require_new(label: str, recognizer: Recognizer) -> None:
    if label_key(label) in map(label_key, recognizer.classes):
        raise HTTPException(409, f"there is a class {label!r} already: choose another name.")


def _with(recognizer: Recognizer, added: tuple[NewClass, ...]) -> Recognizer:
    changed = recognizer.copy()
    for new in added:
        changed.add_class(new.label, new.action or None, new.motion or None)
    return changed
