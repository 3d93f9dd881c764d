"""A new class, first described in words, then shown by a clip. Nothing is trained; the model knows the class at once.

Usage: python examples/03_new_class.py

The clips are made up. Needs the extra `texts`: pip install 'gzssar[texts]'.
"""

from gzssar import Recognizer, SkeletonSequence
from gzssar.synthetic import SyntheticWorld

LABEL = "turn around with arms out"


def main() -> None:
    """Add a class in words, then show it by a clip. Each time, recognize three clips of other performers."""
    shown, *asked = clips_of(LABEL, 4)
    recognizer = Recognizer.from_pretrained()
    recognizer.add_class(
        LABEL,
        action="to spin round once with the arms spread",
        motion="both arms are stretched out to the sides and the whole body turns once around itself",
    )
    told = recognizer.predict(asked)
    recognizer.add_clips(LABEL, shown)
    taught = recognizer.predict(asked)
    for before, after in zip(told, taught, strict=True):
        print(f"in words: {before.label}; with one clip: {after.label}")


def clips_of(label: str, count: int) -> list[SkeletonSequence]:
    """Clips of one action by as many made-up performers."""
    world = SyntheticWorld(clips_per_class=count, subject_count=count)
    number = world.labels.index(label)
    return [clip for clip in world.clips() if clip.label == number]


if __name__ == "__main__":
    main()
