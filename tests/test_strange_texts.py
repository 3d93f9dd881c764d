"""Texts of classes that say nothing to the text encoder; encoded by the real one."""

import pytest

from gzssar.texts.classes import ClassText
from recognizer_world import fake_text_encoders, fitted, quick_fits


@pytest.fixture(scope="module")
def recognizer():
    with quick_fits():
        return fitted()


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (ClassText("pour tea", None, "one hand tilts a pot over a low cup"), ()),
        (ClassText("play the violin", "to make music with a bow"), ()),
        (ClassText("12345"), ("label",)),
        (ClassText("pour tea", "quarterly revenue of the company", "lorem ipsum dolor sit amet"), ("action", "motion")),
        (ClassText("倒茶"), ("label",)),
        (ClassText("die Tür öffnen", None, "Kniebeuge"), ("label", "motion")),
    ],
)
def test_texts_that_name_no_action(recognizer, text, kinds):
    changed = recognizer.copy()
    told = changed.add_class(text.label, text.action, text.motion)
    assert [doubt.code for doubt in told] == ["strange-text"] * len(kinds)
    for doubt, kind in zip(told, kinds, strict=True):
        assert doubt.sentence.startswith(f"The {kind} {getattr(text, kind)!r} does not resemble that of any action: ")
    assert changed.text_doubts(text.label) == told


def test_other_encoders_have_no_bound():
    with fake_text_encoders(), quick_fits():
        assert fitted().add_class("12345") == ()
