"""Features and texts of UTD-MHAD, MSR Action3D and NW-UCLA, each by itself, for `gzssar bench`.

    python benchmarks/sets.py [--data ../shared/data] -o DIR
    gzssar bench --features DIR/utd_mhad.npz --texts DIR/utd_mhad.csv --unseen 5 --methods default ridge -o bench

DIR/NAME.npz holds features of all four streams by the published weights of NTU-120, clips at their true frame rates and
brought to 100 frames; DIR/NAME-joint.npz those of the joint stream alone; DIR/NAME.csv the texts. What is there stays.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from gzssar.encoders.weights import StreamWeights
from gzssar.features.embedding import EmbedJob, embed_once
from gzssar.features.features import FeatureSet
from gzssar.features.files import load_features, save_features
from gzssar.skeletons.preprocess import STREAMS
from gzssar.texts.classes import ClassTexts, load_packaged_texts, write_class_texts
from mix43 import MERGED, SETS
from results import HERE

FRAMES = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("-o", "--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, clips in SETS.items():
        features = arguments.out / f"{name}.npz"
        if not features.exists():
            embed_once(EmbedJob(arguments.data / clips, weights_of(arguments.data), features, frames=FRAMES))
        whole = load_features(features)
        save_features(arguments.out / f"{name}-joint.npz", joint(whole))
        write_class_texts(arguments.out / f"{name}.csv", texts_of(whole.provenance["class_names"]))


def weights_of(data: Path) -> tuple[StreamWeights, ...]:
    """The published weights of each stream."""
    folder = data / "shiftgcn"
    return tuple(StreamWeights(folder / f"ntu120_xset_{name.replace(' ', '-')}.pt", name) for name in STREAMS)


def joint(whole: FeatureSet) -> FeatureSet:
    """The features of the first stream."""
    return replace(whole, features=whole.features[:, : whole.features.shape[1] // len(STREAMS)], streams=())


def texts_of(names: list[str]) -> ClassTexts:
    """A set's classes have the texts of UTD-MHAD, where that has them, or of mix43, under the set's own names."""
    own, merged = load_packaged_texts("utd_mhad"), load_packaged_texts("mix43")
    rows = {text.label: text for table in (merged, own) for text in table}
    return ClassTexts(tuple(replace(rows.get(name) or rows[MERGED[name]], label=name) for name in names))


if __name__ == "__main__":
    main()
