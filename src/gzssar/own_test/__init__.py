"""A test of one's own: what a recognizer answered to labelled clips of its user, and what the answers are worth.

::

    answers.py   the answers, clip by clip
    scores.py    accuracies with their intervals, calibration, and how many wrong answers come with how many answers
"""

from gzssar.own_test.answers import OwnTest
from gzssar.own_test.scores import OwnScores, scores_of

__all__ = ["OwnScores", "OwnTest", "scores_of"]
