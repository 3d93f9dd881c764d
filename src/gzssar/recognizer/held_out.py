"""What a recognizer would have answered to clips that were held out: what its abstention is fitted on."""

import numpy as np
from jaxtyping import Int

from gzssar.decision.abstention import Answers, HeldOut, together
from gzssar.decision.decision import Decision
from gzssar.decision.evidence import Evidence
from gzssar.methods.method import ClassScores


def held_out_answers(one: Evidence, decision: Decision) -> HeldOut:
    """The answers to one fold's clips, which are of seen classes and of classes that play unseen; and to the latter
    twice more, as if nothing were known of their classes: by a recognizer that has no texts, which answers with seen
    classes, and by one that has the texts of the others, whose answers with unseen classes count."""
    to_seen, to_unseen = one.scores
    known = _answers(one.scores, decision, np.where(one.is_seen, one.column, to_seen.shape[1] + one.column))
    strange = ~one.is_seen
    own = one.column[strange]
    others = np.array([np.delete(np.arange(to_unseen.shape[1]), at) for at in own])  # unseen classes but the clip's own
    nothing = np.full(len(own), -1)  # no column is right
    without = _answers(ClassScores(to_seen[strange], to_unseen[strange, :0]), decision, nothing)
    beside = ClassScores(to_seen[strange], np.take_along_axis(to_unseen[strange], others, axis=1))
    with_texts = _answers(beside, decision, nothing)
    return HeldOut(known, one.is_seen, together([without, with_texts.where(~with_texts.seen)]))


def _answers(scores: ClassScores, decision: Decision, truth: Int[np.ndarray, "N"]) -> Answers:
    """The answers by scores that are cosines."""
    ranking, cosine = decision.rank(scores), np.concatenate(scores, axis=1)
    both = np.concatenate([ranking.seen, ranking.unseen], axis=1)
    best = both.argmax(axis=1)
    rows = np.arange(len(both))
    return Answers(both[rows, best], cosine[rows, best], best < ranking.seen.shape[1], best == truth)
