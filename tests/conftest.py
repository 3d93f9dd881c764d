from pathlib import Path

import hypothesis
import pytest
import torch

from evaluation_world import World
from synse_folder import write_synse_folder

# The same examples in every run: a change is to blame for a failure, not the draw. Campaigns with other examples are
# run by hand, with the fuzz functions of the readers' tests.
hypothesis.settings.register_profile("same examples", derandomize=True, deadline=None)
hypothesis.settings.load_profile("same examples")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Small tensors on a shared machine: waiting for a second thread costs more than it gives."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="session")
def text_cache(tmp_path_factory):
    """Vectors of texts: none from earlier runs, and none left behind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GZSSAR_CACHE", str(tmp_path_factory.mktemp("text cache")))
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data, which is not ours to distribute: it lies beside the repository or not at all."""
    if not SHARED_DATA.is_dir():
        pytest.skip("real data is missing: the folder ../shared/data beside the repository")
    return SHARED_DATA


@pytest.fixture
def synse(tmp_path) -> Path:
    """A valid SynSE folder of the toy world, with its text features, for a test to break."""
    return write_synse_folder(tmp_path / "toy")


@pytest.fixture(scope="session")
def world() -> World:
    """43 classes, five unseen, three seeds."""
    return World(43, 5, 3)


@pytest.fixture(scope="session", params=[(3, 1, 1), (120, 24, 2)], ids=["K=3, one seed", "K=120"])
def extreme_world(request: pytest.FixtureRequest) -> World:
    """The smallest world worth a report, and the largest published one."""
    return World(*request.param)
