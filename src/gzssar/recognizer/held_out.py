"""What a recognizer would have answered to clips that were held out: what its abstention is fitted on."""

import numpy as np
from jaxtyping import Float, Int

from gzssar.decision.abstention import Answers, HeldOut
from gzssar.decision.decision import Decision, Ranking
from gzssar.decision.evidence import Evidence
from gzssar.methods.method import ClassScores


def held_out_answers(one: Evidence, decision: Decision) -> HeldOut:
    """The answers to one fold's clips, which are of seen classes and of classes that play unseen; and to the latter
    once more, by a recognizer that has no text of their classes."""
    seen, unseen = one.scores  # cosines
    truth = np.where(one.is_seen, one.column, seen.shape[1] + one.column)
    known = _answers(decision.rank(one.scores), np.concatenate([seen, unseen], axis=1), truth)
    strange = ~one.is_seen
    alone = ClassScores(seen[strange], unseen[strange, :0])
    nothing = np.full(int(strange.sum()), -1)  # no column: none of the seen classes is right
    return HeldOut(known, one.is_seen, _answers(decision.rank(alone), seen[strange], nothing))


def _answers(ranking: Ranking, cosine: Float[np.ndarray, "N K"], truth: Int[np.ndarray, "N"]) -> Answers:
    both = np.concatenate([ranking.seen, ranking.unseen], axis=1)
    best = both.argmax(axis=1)
    rows = np.arange(len(both))
    return Answers(both[rows, best], cosine[rows, best], best < ranking.seen.shape[1], best == truth)
