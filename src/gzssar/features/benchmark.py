"""From the features of all clips to the two phases of a generalized zero-shot benchmark, as SynSE cuts them.

The test phase trains on clips of seen classes by training performers, and tests on all clips of the others. In the
validation phase some seen classes play unseen, and some training performers are held out to be tested.
"""

import numpy as np

from gzssar.encoders.encoder import spread_logits
from gzssar.errors import DataError
from gzssar.features.class_cut import ClassCut
from gzssar.features.features import Benchmark, FeatureSet, Phase
from gzssar.shapes import Labels, Logits, Mask, SkeletonFeatures
from gzssar.splits import Ids


def zero_shot_benchmark(
    clips: FeatureSet,
    validation_clips: FeatureSet | None,
    columns: tuple[Ids, Ids],
    cut: ClassCut,
    description: str,
    with_logits: bool = True,
) -> Benchmark:
    """Cut features into both phases.

    Args:
        clips: all clips, by the encoder of the test phase; logits over the classes in `columns`.
        validation_clips: the same clips in the same order, by the encoder of the validation phase; None leaves
            that phase out.
        columns: the class of each column of either's logits. Where they are not the phase's seen classes (the encoder
            was trained on something else), a linear softmax classifier is fitted on the phase's training clips.
        cut: which classes are seen, unseen, validation-unseen, and which clips train.
        description: one sentence on the clips.
        with_logits: whether a method wants them; the classifier costs more than most methods.

    Raises:
        DataError: no classes play unseen in validation, or a phase lacks clips.
    """
    split = cut.split
    if not split.validation_unseen:
        raise DataError("both phases need classes that play unseen in validation, but the class split has none.")
    seen, trains = cut.phase("test")
    train = trains & np.isin(clips.labels, seen)
    count = split.class_count if with_logits else None
    test = _phase("test", clips, columns[0], train, ~trains, seen, split.unseen, count)
    if validation_clips is None:
        return Benchmark(split, test, None, description, cut.class_names)
    seen, trains = cut.phase("validation")
    stays, plays = np.isin(clips.labels, seen), np.isin(clips.labels, split.validation_unseen)
    judged = (cut.trains & plays) | (cut.judged & stays)
    validation = _phase(
        "validation",
        validation_clips,
        columns[1],
        trains & stays,
        judged,
        seen,
        split.validation_unseen,
        count,
    )
    return Benchmark(split, test, validation, description, cut.class_names)


def _phase(
    name: str, clips: FeatureSet, columns: Ids, train: Mask, test: Mask, seen: Ids, unseen: Ids, class_count: int | None
) -> Phase:
    """One phase, with logits over `class_count` classes where that is told."""
    if not train.any() or not test.any():
        raise DataError(f"the {name} phase needs clips to train and to test on, but it lacks one of them.")
    logits = None
    if class_count is not None and columns == seen and clips.logits is not None:
        logits = spread_logits(clips.logits, seen, class_count)
    elif class_count is not None:
        logits = _linear_head(clips.features, clips.labels, train, seen, class_count)
    whole = FeatureSet(clips.features, clips.labels, logits, clips.provenance, clips.subjects, streams=clips.streams)
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
