"""What a recognizer would have answered to clips that were held out: what its abstention is fitted on."""

import numpy as np
from jaxtyping import Float, Int

from gzssar.decision.abstention import Answers, HeldOut, together
from gzssar.decision.decision import Decision, Ranking
from gzssar.decision.evidence import Evidence
from gzssar.features.whitening import cosines
from gzssar.methods.method import ClassScores
from gzssar.methods.msf.scorer import MsfScorer


def held_out_answers(one: Evidence, decision: Decision) -> HeldOut:
    """The answers to one fold's clips, which are of seen classes and of classes that play unseen; and to the latter
    twice more, as if nothing were known of their classes: by a recognizer that has no texts, which answers with seen
    classes, and by one that has the texts of the others, whose answers with unseen classes count."""
    assert one.clips is not None
    assert isinstance(one.scorer, MsfScorer)  # fit_recognizer keeps no other method
    space = one.scorer.problem.space(one.clips.features)
    to_seen, to_unseen = cosines(space, one.scorer.problem.means), cosines(space, one.scorer.prototypes)
    truth = np.where(one.is_seen, one.column, to_seen.shape[1] + one.column)
    known = _answers(decision.rank(one.scores), np.concatenate([to_seen, to_unseen], axis=1), truth)
    strange = ~one.is_seen
    own = one.column[strange]
    columns = np.array([np.delete(np.arange(to_unseen.shape[1]), at) for at in own])  # of the other unseen classes
    nothing = np.full(len(own), -1)  # no column is right
    alone = ClassScores(one.scores.seen[strange], one.scores.unseen[strange, :0])
    beside = ClassScores(alone.seen, np.take_along_axis(one.scores.unseen[strange], columns, axis=1))
    near = np.concatenate([to_seen[strange], np.take_along_axis(to_unseen[strange], columns, axis=1)], axis=1)
    with_texts = _answers(decision.rank(beside), near, nothing)
    without = _answers(decision.rank(alone), to_seen[strange], nothing)
    return HeldOut(known, one.is_seen, together([without, with_texts.where(~with_texts.seen)]))


def _answers(ranking: Ranking, cosine: Float[np.ndarray, "N K"], truth: Int[np.ndarray, "N"]) -> Answers:
    both = np.concatenate([ranking.seen, ranking.unseen], axis=1)
    best = both.argmax(axis=1)
    rows = np.arange(len(both))
    return Answers(both[rows, best], cosine[rows, best], best < ranking.seen.shape[1], best == truth)
