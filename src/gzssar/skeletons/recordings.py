"""What recordings are like as a whole: so that features and models remember it, and a clip unlike them is noticed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

import numpy as np

from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.doubts import clip_doubts
from gzssar.skeletons.oddities import counted, height, present_bodies, unlikely_size
from gzssar.skeletons.sequence import SkeletonSequence

LENGTH_CODES = ("unlike-training-length", "too-long")
"""Codes of the doubts about a clip's length."""

Notes = dict[str, Any]
"""Of one clip, as JSON has it."""

_SLOW = 0.6
"""Share of the lowest rate of the recordings below which a clip's rate is unlike theirs."""
_LENGTHS = (0.5, 2.0)
_SIZES = (0.75, 1.33)
"""Shares of the shortest and the longest, of the smallest and the tallest, outside of which a clip is unlike them."""
_LONG = 10.0
"""Seconds from which a clip is long where the length of the training clips is not known."""
_BY_WINDOWS = "To find out what happens when, use gzssar predict --window 2."


def note(clip: SkeletonSequence) -> Notes:
    """What is kept of one clip."""
    return {**_measured(clip), "name": clip.name, "doubts": [list(doubt) for doubt in clip_doubts(clip)]}


def _measured(clip: SkeletonSequence) -> Notes:
    present = present_bodies(clip)
    metres = height(clip, present) if clip.dimensions == 3 and present.any() else None
    bodies = int(present.any(axis=0).sum())
    return {
        "fps": clip.fps,
        "seconds": clip.duration,
        "metres": metres,
        "bodies": bodies,
        "layout": clip.layout.name,
    }


class DoubtedClips(TypedDict):
    """The clips of one kind of doubt, as JSON has it."""

    clips: int
    """How many."""
    first: str
    """The name of the first one."""
    sentence: str
    """What is said of it."""


Tally = dict[str, DoubtedClips]
"""Of each code of a doubt, its clips."""


def count_doubts(tally: Tally, name: str, doubts: Iterable[Sequence[str]]) -> None:
    """Count the doubts, as code and sentence, of one more clip."""
    for code, sentence in doubts:
        tally.setdefault(code, {"clips": 0, "first": name, "sentence": sentence})["clips"] += 1


def summarise(notes: Iterable[Notes]) -> dict[str, Any]:
    """Range of rates, lengths and sizes without the outermost hundredth at each end, the most bodies, layouts, and
    doubts: of each code the number of clips, the first of them and what is said of it."""
    every = list(notes)
    ranges: dict[str, Any] = {}
    for key in ("fps", "seconds", "metres"):
        values = [one[key] for one in every if one[key] is not None]
        ranges[key] = [float(np.quantile(values, share)) for share in (0.01, 0.99)] if values else None
    doubts: Tally = {}
    for one in every:
        count_doubts(doubts, one["name"], one["doubts"])
    ranges["bodies"] = max((one["bodies"] for one in every), default=None)
    return {**ranges, "layouts": sorted({one["layout"] for one in every}), "doubts": doubts}


def doubts_told(summary: Mapping[str, Any] | None) -> list[str]:
    """The doubts of a summary, each with its clips."""
    return [
        doubt_told(code, found, counted(found["clips"], "clip"))
        for code, found in (summary or {}).get("doubts", {}).items()
    ]


def doubt_told(code: str, found: DoubtedClips, clips: str) -> str:
    """One kind of doubt of a tally, in so many clips."""
    return f"{code} in {clips}; the first is {found['first']}: {found['sentence']}"


def unlike(clip: SkeletonSequence, summary: Mapping[str, Any]) -> tuple[Doubt, ...]:
    """In what a clip is unlike the recordings of a summary: rate, length, size, bodies and sensor."""
    one, told = _measured(clip), []
    if (rates := summary.get("fps")) and clip.fps < _SLOW * rates[0]:
        sentence = (
            f"It has {clip.fps:.4g} frames per second, but the training clips have {rates[0]:.4g} or more: fast "
            "movements are lost."
        )
        told.append(Doubt("unlike-training-rate", sentence))
    for key, shares, code, unit, whose in (
        ("seconds", _LENGTHS, "length", "s long", ("It is", "the training clips are")),
        ("metres", _SIZES, "size", "m tall", ("The body is", "the bodies of the training clips are")),
    ):
        known, own = summary.get(key), one[key]
        if code == "size" and own and unlikely_size(clip, present_bodies(clip)):
            continue  # which is a doubt of its own
        if known and own is not None and not shares[0] * known[0] <= own <= shares[1] * known[1]:
            between = " to ".join(dict.fromkeys(map(_short, known)))  # one number where both round to it
            sentence = f"{whose[0]} {_short(own)} {unit}, but {whose[1]} {between} {unit}."
            if key == "seconds" and own > known[1]:
                sentence += f" {_BY_WINDOWS}"
            told.append(Doubt(f"unlike-training-{code}", sentence))
    if not summary.get("seconds") and one["seconds"] > _LONG:
        told.append(
            Doubt("too-long", f"It is {_short(one['seconds'])} s long, which is too long for one answer. {_BY_WINDOWS}")
        )
    if (most := summary.get("bodies")) and one["bodies"] > most:
        sentence = f"It shows {one['bodies']} people, but the training clips show at most {most}."
        told.append(Doubt("unlike-training-bodies", sentence))
    layouts = summary.get("layouts", [])
    if layouts and clip.layout.name not in layouts:
        known_layouts = " or ".join(layouts)
        sentence = f"It has the joints of {clip.layout.name}, but the training clips have those of {known_layouts}."
        told.append(Doubt("unlike-training-sensor", sentence))
    return tuple(told)


def unread_bodies(clip: SkeletonSequence, most: int) -> tuple[Doubt, ...]:
    """That the clip has more bodies than an encoder reads, so that the answer is about some of them only."""
    there = int(present_bodies(clip).any(axis=0).sum())
    if there <= most:
        return ()
    read, who = ("1 person", "the one who moves") if most == 1 else (f"{most} people", "those who move")
    return (Doubt("bodies-unread", f"The model reads {read}, but {there} are there: the answer is about {who} most."),)


def _short(number: float) -> str:
    return f"{number:.2g}" if number < 10 else f"{number:.0f}"
