"""A long recording: a window slides over it, and neighbouring answers become segments.

Usage: python examples/04_long_recording.py [RECORDING]

Without a recording, a made-up person picks something up and puts it back, and stands still before, between and after.
The model learned from real people, so it is not sure of its answers ("perhaps"). `gzssar predict RECORDING --window 2
--timeline timeline.png` does the same and draws it.
"""

import sys
from collections.abc import Sequence

import numpy as np

from gzssar import GzssarError, Prediction, Recognizer, SkeletonSequence, read_clip
from gzssar.inference import clock, find_segments, slide
from gzssar.synthetic import FPS, SyntheticWorld


def main(recording: SkeletonSequence) -> None:
    """Print the actions with their start and end."""
    recognizer = Recognizer.from_pretrained()

    def answer(clips: Sequence[SkeletonSequence]) -> list[Prediction]:
        return recognizer.predict(list(clips), abstain=True)

    for segment in find_segments(slide(recording, answer, window=2.0, stride=0.5)):
        print(f"{clock(segment.start):>6} to {clock(segment.end):>6}  {segment.prediction.in_words}")


def made_up_recording() -> SkeletonSequence:
    """Stand still, pick something up, stand still, put it back, stand still."""
    world = SyntheticWorld(clips_per_class=1, noise=0.0)
    action = world.clips().sequence(world.labels.index("pick up")).joints
    start, end = (np.repeat(action[:, [frame]], 2 * int(FPS), axis=1) for frame in (0, -1))
    joints = np.concatenate([start, action, end, action[:, ::-1], start], axis=1)  # C T V M
    return SkeletonSequence.from_frames(joints.transpose(1, 3, 2, 0), "ntu25", FPS)


if __name__ == "__main__":
    try:
        main(read_clip(sys.argv[1]) if sys.argv[1:] else made_up_recording())
    except GzssarError as error:
        sys.exit(f"gzssar: {error}")
