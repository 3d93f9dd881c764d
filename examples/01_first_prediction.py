"""A first prediction: the packaged model says which action a recording shows.

Usage: python examples/01_first_prediction.py [CLIP ...]

CLIP is a recording of one action; docs/recordings.md lists the formats. Without a clip, the example makes one up:
somebody picks something up. The model learned from real people, so it says that this clip is unlike its training clips.
"""

import sys
from collections.abc import Sequence

from gzssar import GzssarError, Recognizer, SkeletonSequence
from gzssar.synthetic import SyntheticWorld


def main(clips: Sequence[str | SkeletonSequence]) -> None:
    """Print the three likeliest actions of each clip, and the doubts about the answer."""
    recognizer = Recognizer.from_pretrained()
    for clip in clips:
        prediction = recognizer.predict(clip, top_k=3)
        for answer in prediction:
            print(f"{answer['score']:.2f}  {answer['label']}")
        for doubt in prediction.warning:
            print(f"      {doubt.sentence}")


def made_up_clip(label: str) -> SkeletonSequence:
    """One clip of the synthetic world."""
    world = SyntheticWorld(clips_per_class=1)
    return world.clips().sequence(world.labels.index(label))


if __name__ == "__main__":
    try:
        main(sys.argv[1:] or [made_up_clip("pick up")])
    except GzssarError as error:
        sys.exit(f"gzssar: {error}")
