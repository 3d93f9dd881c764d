"""Writes small ``.skeleton`` files for tests, and damages them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

ID = 72057594037931101
"""A body id as the Kinect gives them; float64 does not tell it from its neighbours."""

Frame = Mapping[int, np.ndarray]
"""Joints (25, 3) by body id, in the order in which the file shall list them."""


def skeleton_text(frames: Sequence[Frame], newline: str = "\r\n") -> str:
    """A file's text; every number of a line but the positions is made up."""
    lines = [str(len(frames))]
    for frame in frames:
        lines.append(str(len(frame)))
        for body, joints in frame.items():
            lines += [f"{body} 0 1 1 0 0 0 0.0119 -0.256 2", "25", *map(joint_line, joints)]
    return newline.join(lines) + newline


def joint_line(position: np.ndarray) -> str:
    x, y, z = position
    return f"{x:.8g} {y:.8g} {z:.8g} 277.419 191.8218 1036.233 519.1677 -0.2059419 0.05349901 0.9692109 -1.2e-05 2"


def person(seed: int = 0, motion: float = 0.1) -> np.ndarray:
    """Joints (25, 3) of somebody upright, 1.6 m tall and 0.5 m wide, near a random place that is `motion` wide."""
    rng = np.random.default_rng(seed)
    joints = np.stack([np.linspace(-0.25, 0.25, 25), np.linspace(-0.8, 0.8, 25), np.full(25, 3.0)], axis=1)
    return joints + motion * rng.standard_normal(3)


def one_person(frame_count: int = 3, body: int = ID) -> list[Frame]:
    return [{body: person(seed)} for seed in range(frame_count)]


def write_skeleton(folder: Path, frames: Sequence[Frame], name: str = "S001C002P003R002A013.skeleton") -> Path:
    path = folder / name
    path.write_text(skeleton_text(frames), newline="")
    return path


NUMBERS = [
    "",
    "0",
    "-1",
    "1",
    "25",
    "26",
    "1e3",
    "nan",
    "-inf",
    "1e400",
    "x",
    "1.5.3",
    "9" * 30,
    "\x00",
    "1\r1",
    "\xff",
]


@st.composite
def damaged_files(draw):
    """A valid file after one to four accidents."""
    bodies = draw(st.integers(1, 3))
    frames = [
        {ID + body: person(5 * frame + body) for body in range(bodies)} for frame in range(draw(st.integers(1, 14)))
    ]
    data = skeleton_text(frames, draw(st.sampled_from(["\n", "\r\n"]))).encode()
    for _ in range(draw(st.integers(1, 4))):
        data = draw(st.sampled_from([flip, cut, delete_line, repeat_line, replace_number]))(draw, data)
    return data


def flip(draw, data):
    if not data:
        return data
    at = draw(st.integers(0, len(data) - 1))
    return data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]


def cut(draw, data):
    start, end = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
    return data[:start] + data[end:] if draw(st.booleans()) else data[:end]


def delete_line(draw, data):
    lines = data.split(b"\n")
    del lines[draw(st.integers(0, len(lines) - 1))]
    return b"\n".join(lines)


def repeat_line(draw, data):
    lines = data.split(b"\n")
    at = draw(st.integers(0, len(lines) - 1))
    lines.insert(draw(st.integers(0, len(lines))), lines[at])
    return b"\n".join(lines)


def replace_number(draw, data):
    lines = data.split(b"\n")
    at = draw(st.integers(0, len(lines) - 1))
    words = lines[at].split() or [b""]
    words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(NUMBERS)).encode("latin1")
    lines[at] = b" ".join(words)
    return b"\n".join(lines)
