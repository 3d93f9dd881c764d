"""Leave-classes-out folds: seen classes play unseen, so that what is chosen is chosen where the answers are known."""

import numpy as np

from gzssar.errors import DataError
from gzssar.features.class_cut import held_out, some_of_each
from gzssar.features.features import Phase
from gzssar.splits import Ids

MOST_FOLDS = 8
"""However many classes there are, so many folds at most: they are there to fit a gate of a few weights."""

MOST_FOLD_CLIPS = 8192
"""A fold draws on so many training clips at most, for the same reason; NTU-120 has 63,000."""


def folds(
    phase: Phase, class_count: int, held_out_share: float, rng: np.random.Generator, fold_count: int | None = None
) -> list[Phase]:
    """Leave-classes-out folds of a phase's training clips.

    In a fold, the clips of some classes, drawn at random, play unseen, and a random share of the other clips is held
    out to play the seen test clips. At most :data:`MOST_FOLD_CLIPS` clips are used, so that folds cost no more on a
    large data set than on a middling one.

    Where performers are known, whole performers are held out, as a test phase has it; else some clips of each class.

    Args:
        phase: its training clips are cut; its test clips are not touched.
        class_count: about how many classes play unseen in a fold; half of them where there are fewer than twice as
            many.
        held_out_share: share of the remaining clips to hold out.
        rng: draws the cuts.
        fold_count: how many folds, in which each class plays unseen about equally often. Without it, each class does
            so in one fold, of :data:`MOST_FOLDS` at most.

    Raises:
        DataError: there is one seen class only, or too few clips to hold any out.
    """
    if len(phase.seen) < 2:
        raise DataError("leave-classes-out folds need at least 2 seen classes, but there is one.")
    most = int(np.unique(phase.train.labels, return_counts=True)[1].max())
    if int(held_out_share * most) == 0:
        raise DataError(
            f"leave-classes-out folds hold out {held_out_share:.0%} of each class's training clips, but no class has "
            f'more than {most}: bring more clips, or, in an experiment, use held_out="validation".'
        )
    groups = _groups(phase.seen, class_count, rng, fold_count)
    clips = phase.train
    if len(clips) > MOST_FOLD_CLIPS:
        clips = clips.where(~some_of_each(clips.labels, 1 - MOST_FOLD_CLIPS / len(clips), rng))
    result = []
    for g, unseen in enumerate(groups):
        seen = tuple(c for c in phase.seen if c not in unseen)
        is_unseen = np.isin(clips.labels, unseen)
        known = clips.where(~is_unseen)
        judged = is_unseen.copy()
        judged[~is_unseen] = held_out(known.labels, known.subjects, held_out_share, rng)
        train, test = clips.where(~judged), clips.where(judged)
        result.append(Phase(f"{phase.name} fold {g}", train, test, seen, unseen))
    return result


def _groups(seen: Ids, class_count: int, rng: np.random.Generator, fold_count: int | None) -> list[Ids]:
    """The classes that play unseen in each fold, sorted."""
    count = max(2, len(seen) // class_count)
    if fold_count is None:
        shuffled = rng.permutation(seen)
        groups = [shuffled[g::count] for g in range(min(count, MOST_FOLDS))]
    else:
        size, played = min(class_count, len(seen) // 2), np.zeros(len(seen))
        groups = []
        for _ in range(fold_count):
            rarest = np.argsort(played + rng.random(len(seen)))[:size]
            played[rarest] += 1
            groups.append(np.array(seen)[rarest])
    return [tuple(sorted(int(c) for c in group)) for group in groups]
