"""What a recognizer would have answered to clips that were held out: what its abstention is fitted on."""

import numpy as np
from jaxtyping import Float, Int

from gzssar.decision.abstention import Answers, HeldOut, together
from gzssar.decision.decision import Decision
from gzssar.decision.evidence import Evidence
from gzssar.methods.method import ClassScores


def held_out_answers(one: Evidence, decision: Decision, added: Float[np.ndarray, "S"] | None = None) -> HeldOut:
    """The answers to one fold's clips, which are of seen classes and of classes that play unseen; and to the latter
    twice more, as if nothing were known of their classes: by a recognizer that has no texts, which answers with seen
    classes, and by one that has the texts of the others, whose answers with unseen classes count.

    Args:
        one: cosines between clips and the centres of classes, where the truth is known.
        decision: what turns them into answers.
        added: to the cosines of seen classes before the classes compete; nothing without it.
    """
    to_seen, to_unseen = one.scores
    known = _answers(one.scores, decision, added, np.where(one.is_seen, one.column, to_seen.shape[1] + one.column))
    strange = ~one.is_seen
    own = one.column[strange]
    others = np.array([np.delete(np.arange(to_unseen.shape[1]), at) for at in own])  # unseen classes but the clip's own
    beside = ClassScores(to_seen[strange], np.take_along_axis(to_unseen[strange], others, axis=1))
    return HeldOut(known, one.is_seen, strange_answers(beside, decision, added))


def strange_answers(cosines: ClassScores, decision: Decision, added: Float[np.ndarray, "S"] | None = None) -> Answers:
    """The answers to clips of classes that a recognizer lacks, as :class:`~gzssar.decision.abstention.HeldOut` has
    them: each with a seen class, and once more where an unseen one would be answered; arguments as above."""
    nothing = np.full(len(cosines.seen), -1)  # no column is right
    without = _answers(ClassScores(cosines.seen, cosines.unseen[:, :0]), decision, added, nothing)
    with_texts = _answers(cosines, decision, added, nothing)
    return together([without, with_texts.where(~with_texts.seen)])


def _answers(
    cosines: ClassScores, decision: Decision, added: Float[np.ndarray, "S"] | None, truth: Int[np.ndarray, "N"]
) -> Answers:
    scores = cosines if added is None else ClassScores(cosines.seen + added, cosines.unseen)
    ranking, cosine = decision.rank(scores), np.concatenate(cosines, axis=1)
    both = np.concatenate([ranking.seen, ranking.unseen], axis=1)
    best = both.argmax(axis=1)
    rows = np.arange(len(both))
    return Answers(both[rows, best], cosine[rows, best], best < ranking.seen.shape[1], best == truth)
