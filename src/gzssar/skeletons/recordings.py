"""What recordings are like as a whole: so that features and models remember it, and a clip unlike them is noticed."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gzssar.skeletons.doubt import Doubt
from gzssar.skeletons.doubts import clip_doubts
from gzssar.skeletons.oddities import counted, height, present_bodies
from gzssar.skeletons.sequence import SkeletonSequence

Notes = dict[str, Any]
"""Of one clip, as JSON has it."""

_SLOW = 0.6
"""Share of the lowest rate of the recordings below which a clip's rate is unlike theirs."""
_LENGTHS = (0.5, 2.0)
_SIZES = (0.75, 1.33)
"""Shares of the shortest and the longest, of the smallest and the tallest, outside of which a clip is unlike them."""


def note(clip: SkeletonSequence) -> Notes:
    """What is kept of one clip."""
    return {**_measured(clip), "name": clip.name, "doubts": [list(doubt) for doubt in clip_doubts(clip)]}


def _measured(clip: SkeletonSequence) -> Notes:
    present = present_bodies(clip)
    metres = height(clip, present) if clip.dimensions == 3 and present.any() else None
    return {"fps": clip.fps, "seconds": clip.duration, "metres": metres, "layout": clip.layout.name}


def summarise(notes: Iterable[Notes]) -> dict[str, Any]:
    """Range of rates, lengths and sizes without the outermost hundredth at each end, layouts, and doubts: of each code
    the number of clips, the first of them and what is said of it."""
    every = list(notes)
    ranges: dict[str, Any] = {}
    for key in ("fps", "seconds", "metres"):
        values = [one[key] for one in every if one[key] is not None]
        ranges[key] = [float(np.quantile(values, share)) for share in (0.01, 0.99)] if values else None
    doubts: dict[str, dict[str, Any]] = {}
    for one in every:
        for code, sentence in one["doubts"]:
            doubts.setdefault(code, {"clips": 0, "first": one["name"], "sentence": sentence})["clips"] += 1
    return {**ranges, "layouts": sorted({one["layout"] for one in every}), "doubts": doubts}


def doubts_told(summary: Mapping[str, Any] | None) -> list[str]:
    """The doubts of a summary, each with its clips."""
    return [
        f"{code} in {counted(found['clips'], 'clip')}, the first {found['first']}: {found['sentence']}"
        for code, found in (summary or {}).get("doubts", {}).items()
    ]


def unlike(clip: SkeletonSequence, summary: Mapping[str, Any]) -> tuple[Doubt, ...]:
    """In what a clip is unlike the recordings of a summary: rate, length, size and sensor."""
    if not summary:
        return ()
    one, told = _measured(clip), []
    if (rates := summary.get("fps")) and clip.fps < _SLOW * rates[0]:
        sentence = (
            f"It has {clip.fps:g} frames per second, the training clips {rates[0]:g} or more: fast movements are lost."
        )
        told.append(Doubt("unlike-training-rate", sentence))
    for key, shares, code, unit in (
        ("seconds", _LENGTHS, "length", "s long"),
        ("metres", _SIZES, "size", "m tall"),
    ):
        known, own = summary.get(key), one[key]
        if known and own is not None and not shares[0] * known[0] <= own <= shares[1] * known[1]:
            sentence = f"It is {own:.2g} {unit}, the training clips are {known[0]:.2g} to {known[1]:.2g}."
            told.append(Doubt(f"unlike-training-{code}", sentence))
    layouts = summary.get("layouts", [])
    if layouts and clip.layout.name not in layouts:
        sentence = f"Its joints are of {clip.layout.name}, those of the training clips of {' and '.join(layouts)}."
        told.append(Doubt("unlike-training-sensor", sentence))
    return tuple(told)
