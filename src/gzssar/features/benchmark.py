"""From the features of all clips to the two phases of a generalized zero-shot benchmark, as SynSE cuts them.

The test phase trains on clips of seen classes by training performers, and tests on all clips of the others. In the
validation phase some seen classes play unseen, and some training performers are held out to be tested.
"""

from collections.abc import Sequence

import numpy as np

from gzssar.encoders.encoder import spread_logits
from gzssar.errors import DataError
from gzssar.features.class_cut import held_out_of
from gzssar.features.features import Benchmark, FeatureSet, Phase
from gzssar.shapes import Labels, Logits, Mask, SkeletonFeatures
from gzssar.splits import ClassSplit, Ids


def zero_shot_benchmark(
    clips: FeatureSet,
    validation_clips: FeatureSet,
    columns: tuple[Ids, Ids],
    split: ClassSplit,
    trains: Mask,
    class_names: Sequence[str],
    description: str,
) -> Benchmark:
    """Cut features into both phases.

    Args:
        clips: all clips, by the encoder of the test phase; logits over the classes in `columns`.
        validation_clips: the same clips in the same order, by the encoder of the validation phase.
        columns: the class of each column of either's logits. Where they are not the phase's seen classes (the encoder
            was trained on something else), a linear softmax classifier is fitted on the phase's training clips.
        split: which classes are seen, unseen, validation-unseen.
        trains: which clips are by training performers.
        class_names: of all K classes.
        description: one sentence on the clips.

    Raises:
        DataError: subjects are unknown, or a phase lacks clips.
    """
    if clips.subjects is None or split.validation_seen is None or not split.validation_unseen:
        raise DataError("both phases need to know performers, and classes that play unseen in validation.")
    judged = held_out_of(trains, clips.labels, clips.subjects)
    known = np.isin(clips.labels, split.seen)
    test = _phase("test", clips, columns[0], trains & known, ~trains, split.seen, split.unseen, split.class_count)
    plays_unseen = np.isin(clips.labels, split.validation_unseen)
    stays_seen = np.isin(clips.labels, split.validation_seen)
    validation = _phase(
        "validation",
        validation_clips,
        columns[1],
        trains & stays_seen & ~judged,
        (trains & plays_unseen) | (judged & stays_seen),
        split.validation_seen,
        split.validation_unseen,
        split.class_count,
    )
    return Benchmark(split, test, validation, description, tuple(class_names))


def _phase(
    name: str, clips: FeatureSet, columns: Ids, train: Mask, test: Mask, seen: Ids, unseen: Ids, class_count: int
) -> Phase:
    if not train.any() or not test.any():
        raise DataError(f"the {name} phase needs clips to train and to test on, but it lacks one of them.")
    if columns == seen and clips.logits is not None:
        logits = spread_logits(clips.logits, seen, class_count)
    else:
        logits = _linear_head(clips.features, clips.labels, train, seen, class_count)
    whole = FeatureSet(clips.features, clips.labels, logits, clips.provenance, clips.subjects)
    return Phase(name, whole.where(train), whole.where(test), seen, unseen)


def _linear_head(features: SkeletonFeatures, labels: Labels, train: Mask, seen: Ids, class_count: int) -> Logits:
    """Logits of a multinomial logistic regression (C = 1) on standardised features of the training clips."""
    from sklearn.linear_model import LogisticRegression

    if absent := sorted(set(seen) - set(np.unique(labels[train]).tolist())):
        raise DataError(f"each seen class needs training clips, but {absent} have none.")
    centre, scale = features[train].mean(axis=0), features[train].std(axis=0) + 1e-6
    standard = (features - centre) / scale
    regression = LogisticRegression(max_iter=2000).fit(standard[train], labels[train])
    logits = standard @ regression.coef_.T + regression.intercept_
    if len(seen) == 2:  # scikit-learn keeps one column for two classes
        logits = np.concatenate([-logits, logits], axis=1) / 2
    return spread_logits(logits, seen, class_count)
