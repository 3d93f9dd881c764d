from functools import cache

import pytest

from recognizer_world import (
    LABELS,
    clips_of,
    fake_text_encoders,
    fitted,
    fitted_on_recordings,
    quick_fits,
    recordings,
)

once = {"features": cache(fitted), "recordings": cache(fitted_on_recordings)}


@pytest.fixture(autouse=True, scope="module")
def fake_texts():
    """A module at a time: other tests want real encoders."""
    with fake_text_encoders(), quick_fits():
        yield


@pytest.fixture
def on_features(fake_texts):
    """A recognizer without an encoder, for a test to change."""
    return once["features"]().copy()


@pytest.fixture
def on_recordings(fake_texts):
    """A recognizer with an encoder, for a test to change."""
    return once["recordings"]().copy()


@pytest.fixture(scope="package")
def features():
    """Clips of all classes, none of which was learned from."""
    return clips_of(range(len(LABELS)), seed=7).features


@pytest.fixture(scope="package")
def clips():
    drawn = recordings(per_class=1, seed=3)
    return [drawn.sequence(k) for k in range(8)]
