import pytest
from evaluation_world import World


@pytest.fixture(scope="session")
def world() -> World:
    """43 classes, five unseen, three seeds."""
    return World(43, 5, 3)


@pytest.fixture(scope="session", params=[(3, 1, 1), (120, 24, 2)], ids=["K=3, one seed", "K=120"])
def extreme_world(request: pytest.FixtureRequest) -> World:
    """The smallest world worth a report, and the largest published one."""
    return World(*request.param)
