import numpy as np
import pytest

from gzssar.synthetic.body import CHANNELS
from gzssar.synthetic.motions import Move, Pulse, Repeat, Stay, Swing, Then, Together, minus, offset

UP = offset(dominant_hand=(0, 1, 0))
UP_CHANNEL = CHANNELS["dominant_hand"].start + 1


def height(motion, *phases):
    return motion.at(np.array([phases]))[0, :, UP_CHANNEL]


@pytest.mark.parametrize(
    ("motion", "expected"),
    [
        (Stay(UP), [1, 1, 1, 1, 1]),
        (Move(UP), [0, 5 / 32, 0.5, 27 / 32, 1]),
        (Pulse(UP), [0, 0.5, 1, 0.5, 0]),
        (Pulse(UP, 2), [0, 1, 0, 1, 0]),
        (Swing(UP), [0, 1, 0, -1, 0]),
        (Together((Stay(UP), Swing(UP))), [1, 2, 1, 0, 1]),
        (Together(()), [0, 0, 0, 0, 0]),
        (Then((Move(UP), Move(minus(UP))), (1, 1)), [0, 0.5, 1, 0.5, 0]),
        (Then((Move(UP), Pulse(UP)), (1, 1)), [0, 0.5, 1, 2, 1]),
        (Repeat(Pulse(UP), 2), [0, 1, 0, 1, 0]),
    ],
)
def test_heights_by_hand(motion, expected):
    np.testing.assert_allclose(height(motion, 0, 0.25, 0.5, 0.75, 1), expected, atol=1e-12)


def test_what_is_not_named_stays_at_rest():
    assert np.count_nonzero(UP) == 1
    assert UP[UP_CHANNEL] == 1
