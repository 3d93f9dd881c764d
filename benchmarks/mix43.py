"""The benchmark mix43 from its three sources: 2,815 clips of UTD-MHAD, MSR Action3D and NW-UCLA in 43 merged classes.

    python benchmarks/mix43.py [--data ../shared/data] [--weights FILE] -o DIR [--resample]

Writes features of all clips (DIR/mix43.npz, for `gzssar bench`) and five class splits as SynSE folders (DIR/s11 to
s15, for `gzssar run`). All clips are taken as they stand, as if they had 30 frames per second; --resample takes them
at their true rates (NW-UCLA 12, MSR Action3D 15) and brings them to 30. Nothing is trimmed. Features of each set stay
in DIR, so that a second call goes on. Where --data holds a mix43, what was made is held against it, and its features
are written as DIR/given/mix43.npz, without performers: the random class splits of RESULTS.md are drawn from these. They
are by other weights than those beside them (docs/reproducing.md).
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from itertools import islice
from operator import add
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from sklearn.linear_model import LogisticRegression

from gzssar.encoders.encoder import AUTHORS_FPS, Encoder, load_encoder
from gzssar.errors import ConfigError
from gzssar.features.benchmark import zero_shot_benchmark
from gzssar.features.class_cut import ClassCut
from gzssar.features.embedding import encode_batch, prepared_clips
from gzssar.features.features import Benchmark, FeatureSet
from gzssar.features.files import load_features, save_features
from gzssar.features.synse_writer import write_synse
from gzssar.files import hash_file
from gzssar.shapes import Labels, Logits, Mask, SkeletonFeatures
from gzssar.skeletons.readers import ReadOptions, open_clips
from gzssar.skeletons.sequence import SkeletonSequence
from gzssar.splits import ClassSplit, Ids
from gzssar.texts.classes import load_packaged_texts
from run import HERE

SETS = {"utd_mhad": "utd_mhad/Skeleton.zip", "msr_action3d": "msr_action3d.npz", "nw_ucla": "nw_ucla.npz"}
"""Each set and its file below ``--data``, in the order of the rows. Of NW-UCLA, the reader leaves out the 94 clips that
copy others."""
MERGED = {
    "draw circle clockwise": "draw circle",
    "draw circle counterclockwise": "draw circle",
    "high arm wave": "wave one hand",
    "hand catch": "catch",
    "high throw": "throw",
    "hand clap": "clap",
    "two hand wave": "wave two hands",
    "jogging": "jog",
    "pick up with one hand": "pick up",
    "walk around": "walk",
    "donning": "put on a jacket",
    "doffing": "take off a jacket",
}
"""A set's class → the class of mix43. All others keep their names, so that classes of one name are one class."""
SPLITS = (11, 12, 13, 14, 15)
"""Each seeds a generator that draws a class split, then which clips the validation phase holds out."""
UNSEEN = 8
HELD_OUT = 0.25
HEAD_C = 0.05
"""Inverse strength of the L2 penalty of the classifier whose logits the folders hold."""
PERFORMERS = 100
"""More than a set has: performer p of the i-th set is p + 100 i, which leaves odd ids odd."""
BATCH = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    parser.add_argument("--weights", type=Path, help="default: shiftgcn/ntu120_xset_joint.pt below --data")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--resample", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    weights = arguments.weights or arguments.data / "shiftgcn" / "ntu120_xset_joint.pt"
    names = tuple(row.label for row in load_packaged_texts("mix43").rows)
    sets = [
        features_of(arguments.data / file, weights, arguments.out / f"{name}.npz", arguments.resample)
        for name, file in SETS.items()
    ]
    clips = merge(sets, names)
    save_features(arguments.out / "mix43.npz", clips)
    for seed in SPLITS:
        folder = arguments.out / f"s{seed}"
        if not folder.exists():
            write_synse(folder, benchmark(clips, names, seed), clips.provenance)
    print(f"{len(clips)} clips, {len(names)} classes: {arguments.out}")
    if (arguments.data / "mix43").is_dir():
        hold_against(arguments.data / "mix43", arguments.out, clips, names)


def features_of(clips: Path, weights: Path, out: Path, resample: bool) -> FeatureSet:
    """Features of a set, or those that a call before has left."""
    about = {"weights_sha256": hash_file(weights), "resampled": resample}
    if out.exists():
        there = load_features(out)
        if not about.items() <= there.provenance.items():
            raise ConfigError(f"{out} holds features by other weights or at other frame rates: name another folder.")
        return there
    encoder, source = load_encoder(weights), open_clips(clips, ReadOptions())

    def prepare(clip: SkeletonSequence) -> Float[np.ndarray, "C T V M"]:
        return encoder.prepare(clip if resample else replace(clip, fps=AUTHORS_FPS))

    prepared = prepared_clips(source, prepare, on_bad=None)
    whole = reduce(add, encoded(encoder, prepared))
    features = replace(whole, logits=None, provenance={**about, "class_names": list(source.class_names)})
    save_features(out, features)
    return features


def encoded(
    encoder: Encoder, clips: Iterator[tuple[SkeletonSequence, Float[np.ndarray, "C T V M"]]]
) -> Iterator[FeatureSet]:
    while batch := list(islice(clips, BATCH)):
        yield encode_batch(encoder, [clip for clip, _ in batch], [prepared for _, prepared in batch])


def merge(sets: list[FeatureSet], names: tuple[str, ...]) -> FeatureSet:
    """All sets' clips one after another, with the classes of mix43 and performers that are told apart."""
    merged = []
    for i, one in enumerate(sets):
        ids = np.array([names.index(MERGED.get(name, name)) for name in one.provenance["class_names"]])
        merged.append(replace(one, labels=ids[one.labels], subjects=one.subjects + PERFORMERS * i, provenance={}))
    whole = reduce(add, merged)
    shared = {key: sets[0].provenance[key] for key in ("weights_sha256", "resampled")}
    return replace(whole, provenance={**shared, "class_names": list(names)})


def cut_of(clips: FeatureSet, names: tuple[str, ...], seed: int) -> ClassCut:
    """One class split: performers with odd ids train, and the validation phase holds out a quarter of their clips."""
    rng = np.random.default_rng(seed)
    order = tuple(rng.permutation(len(names)).tolist())
    split = ClassSplit(f"mix43-s{seed}", len(names), order[:UNSEEN], order[UNSEEN : 2 * UNSEEN])
    return ClassCut(split, names, trains(clips), judged=trains(clips) & (rng.random(len(clips)) < HELD_OUT))


def benchmark(clips: FeatureSet, names: tuple[str, ...], seed: int) -> Benchmark:
    """Both phases of a class split, without performers: the published folders hold none."""
    cut = cut_of(clips, names, seed)
    phases = [cut.phase(name) for name in ("test", "validation")]
    test, validation = (
        replace(clips, subjects=None, logits=head(clips.features, clips.labels, may_train, seen))
        for seen, may_train in phases
    )
    return zero_shot_benchmark(test, validation, (phases[0][0], phases[1][0]), cut, "mix43")


def trains(clips: FeatureSet) -> Mask:
    return clips.subjects % 2 == 1


def head(features: SkeletonFeatures, labels: Labels, may_train: Mask, seen: Ids) -> Logits:
    """Logits over the seen classes of a linear classifier on standardised features."""
    train = may_train & np.isin(labels, seen)
    standard = (features - features[train].mean(axis=0)) / (features[train].std(axis=0) + 1e-6)
    fitted = LogisticRegression(C=HEAD_C, max_iter=2000).fit(standard[train], labels[train])
    return fitted.decision_function(standard).astype(np.float32)


def hold_against(given: Path, made: Path, clips: FeatureSet, names: tuple[str, ...]) -> None:
    """Say how near what was made comes to the folders that are there: the cut, the labels, the features."""
    features = rows_of(given, clips, names)
    (made / "given").mkdir(exist_ok=True)
    only_cut = clips.subjects % 2  # the folders that are there say who trains, and no more of the performers
    save_features(made / "given" / "mix43.npz", replace(clips, features=features, subjects=only_cut))
    with tempfile.TemporaryDirectory() as folder:
        for seed in SPLITS:
            again = benchmark(replace(clips, features=features), names, seed)
            write_synse(Path(folder) / f"s{seed}", again, {})
        print(f"the features of {given}, cut anew: {compared(given, Path(folder))}")
    print(f"made here: {compared(given, made)}")
    cosines = (unit(clips.features) * unit(features)).sum(axis=1)
    low, median, high = np.quantile(cosines, (0, 0.5, 1))
    print(f"cosine of the features, row by row: median {median:.3f}, from {low:.3f} to {high:.3f}")
    found, shuffled = (recognised(one, features, trains(clips)) for one in (clips.features, within_class(clips)))
    print(f"rows told from all others by a linear map: {found:.1%}; shuffled within their classes: {shuffled:.1%}")


def rows_of(given: Path, clips: FeatureSet, names: tuple[str, ...]) -> SkeletonFeatures:
    """The features of all clips, put together from the splits: none has the training clips of all classes."""
    train, features = trains(clips), np.full_like(clips.features, np.nan)
    for seed in SPLITS:
        folder = given / f"s{seed}" / "sk_feats" / f"shift_{UNSEEN}_r"
        seen = cut_of(clips, names, seed).split.seen
        features[train & np.isin(clips.labels, seen)] = np.load(folder / "train.npy")
        features[~train] = np.load(folder / "gtest.npy")
    return features


def compared(given: Path, made: Path) -> str:
    """How many files of labels, of features and of logits are equal, and how far logits are apart."""
    equal: dict[str, list[bool]] = {}
    apart, same_best = [0.0], []
    for path in sorted(given.glob("s*/**/*.npy")):
        theirs, ours = np.load(path), np.load(made / path.relative_to(given))
        kind = "logits" if path.stem.endswith("_out") else "features" if theirs.ndim == 2 else "labels and classes"
        equal.setdefault(kind, []).append(np.array_equal(theirs, ours))
        if kind == "logits" and theirs.shape == ours.shape:
            apart.append(float(np.abs(theirs - ours).max()))
            same_best.append(float((theirs.argmax(axis=1) == ours.argmax(axis=1)).mean()))
    counts = ", ".join(f"{sum(ones)} of {len(ones)} files of {kind}" for kind, ones in equal.items())
    return f"{counts} equal; logits at most {max(apart):.2f} apart, best class the same for {np.mean(same_best):.1%}"


def recognised(ours: SkeletonFeatures, theirs: SkeletonFeatures, train: Mask, penalty: float = 10.0) -> float:
    """A ridge regression from our features to theirs on training clips: for how many others is the row that it
    expects nearest, by cosine, to their own row. Tells whether rows show the same clips, whatever the weights."""
    standard = (ours - ours[train].mean(axis=0)) / (ours[train].std(axis=0) + 1e-6)
    centred = theirs - theirs[train].mean(axis=0)
    gram = standard[train].T @ standard[train] + penalty * np.eye(ours.shape[1], dtype=np.float32)
    expected = standard[~train] @ np.linalg.solve(gram, standard[train].T @ centred[train])
    likeness = unit(expected) @ unit(centred[~train]).T
    return float((likeness.argmax(axis=1) == np.arange(len(likeness))).mean())


def within_class(clips: FeatureSet) -> SkeletonFeatures:
    """The features with rows shuffled among the clips of one class, one set and one side of the cut."""
    rng, features = np.random.default_rng(0), clips.features.copy()
    groups = np.stack([clips.labels, clips.subjects // PERFORMERS, trains(clips)])
    for group in np.unique(groups, axis=1).T:
        rows = np.flatnonzero((groups == group[:, None]).all(axis=0))
        features[rows] = features[rng.permutation(rows)]
    return features


def unit(rows: Float[np.ndarray, "N D"]) -> Float[np.ndarray, "N D"]:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


if __name__ == "__main__":
    main()
