"""From your own clips to a model: a folder of clips for each action, a table of texts, and a ready encoder.

Usage: python examples/02_own_clips.py [CLIPS TEXTS MODEL]

CLIPS holds a folder for each action. TEXTS is a table (CSV) with the columns label, action and motion, and a row for
each folder; actions without a folder are recognized from their texts. MODEL is a new folder. Without arguments, the
clips are made up. Needs the extra `texts`: pip install 'gzssar[texts]'.

`gzssar fit` does the same from the command line, and more: docs/tutorials/own-clips.md.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from gzssar import (
    ClassTexts,
    FeatureSet,
    Fitting,
    GzssarError,
    ReadOptions,
    Recognizer,
    find_class_texts,
    fit_recognizer,
    open_clips,
    read_class_texts,
)
from gzssar.synthetic import FPS, SyntheticWorld

MADE_UP = ("bow", "jumping jack", "kick something", "pick up", "sit down", "throw", "turn around", "cheer up")


def main(folder: Path, texts: ClassTexts, model: Path, options: ReadOptions | None = None) -> None:
    """Read and encode the clips, fit and save a recognizer, and recognize the clips with it."""
    names, clips, labels = texts.of_kind("label"), [], []
    for place in sorted(folder.iterdir()):
        for entry in open_clips(place, options).entries:
            clips.append(entry.read())
            labels.append(names.index(place.name))
    pretrained = Recognizer.from_pretrained()  # its encoder turns a clip into numbers
    features = FeatureSet(pretrained.encode(clips), np.array(labels), streams=pretrained.encoder.streams)
    recognizer = fit_recognizer(features, texts, pretrained.encoder, Fitting())
    recognizer.save(model)
    print(Recognizer.load(model))
    answers = recognizer.predict(clips)
    right = np.mean([answer.label == names[label] for answer, label in zip(answers, labels, strict=True)])
    print(f"right on the clips that it learned from: {right:.0%}; the model card has scores of held-out clips")


def made_up(folder: Path) -> ClassTexts:
    """Write clips of the synthetic world into a folder for each action, and give the texts of these actions."""
    world = SyntheticWorld(clips_per_class=6, frames=40, subject_count=6)
    drawn = world.clips()
    for number, label in enumerate(drawn.labels):
        if (name := world.labels[label]) in MADE_UP:
            (folder / name).mkdir(parents=True, exist_ok=True)
            np.save(folder / name / f"{number}.npy", drawn.joints[number, ..., 0].transpose(1, 2, 0))  # T V C
    return ClassTexts(tuple(text for text in find_class_texts("synthetic") if text.label in MADE_UP))


if __name__ == "__main__":
    try:
        if len(sys.argv) == 4:
            main(Path(sys.argv[1]), read_class_texts(Path(sys.argv[2])), Path(sys.argv[3]))
        elif len(sys.argv) == 1:
            with TemporaryDirectory() as place:
                texts = made_up(Path(place) / "clips")
                main(Path(place) / "clips", texts, Path(place) / "model", ReadOptions(layout="ntu25", fps=FPS))
        else:
            sys.exit(__doc__)
    except GzssarError as error:
        sys.exit(f"gzssar: {error}")
