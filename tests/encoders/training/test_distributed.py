"""Several processes that give the numbers of one. Those that need Lightning take a while to start."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gzssar.encoders.shift_gcn.folding import FoldedShiftGcn
from gzssar.encoders.shift_gcn.network import ChannelNorm, ShiftGcn
from gzssar.encoders.training import fit as training
from gzssar.encoders.training.distributed import Processes, SharedNorm, share_norms, start_processes
from gzssar.encoders.training.fit import fit_encoder
from gzssar.encoders.training.options import EncoderTraining
from gzssar.encoders.training.run import Examples, TrainingRun
from gzssar.errors import ConfigError, MissingExtraError

TRAINING = EncoderTraining(
    width=4,
    frames=8,
    epochs=5,
    batch_size=8,
    optimizer="sgd",
    learning_rate=0.05,
    augmentations=("mirror", "rotate", "noise", "mixup"),
)
"""With eight clips, an epoch is a step, and the history holds the loss of each. SGD, since AdamW makes full steps of
the rounding errors of gradients that should be zero, such as that of a bias before a batch norm."""

needs_lightning = pytest.mark.skipif(
    importlib.util.find_spec("lightning") is None, reason="Lightning is missing: pip install 'gzssar[train]'"
)


def made_up(seed, count=8):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, 3, 8, 25, 2)).astype(np.float32), np.arange(count) % 4


def train(folder):
    """What every process of the tests below does; 5 held-out clips do not part evenly."""
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)  # in float32 rounding decides on which side of a ReLU some units are
    encoder = fit_encoder(
        *made_up(0), (0, 1, 2, 3), TRAINING, held_out=made_up(1, count=5), checkpoint=folder / "checkpoint"
    )
    rank = os.environ.get("RANK", "0")
    torch.save(encoder.network.state_dict(), folder / f"weights-{rank}.pt")


def train_alone(folder):
    try:
        train(folder)
    finally:
        torch.set_default_dtype(torch.float32)


def run_in_two_processes(folder):
    done = subprocess.run([sys.executable, __file__, str(folder)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]


def launch(folder):
    """What torchrun does; the processes are forked, so that Lightning is imported once."""
    import lightning.fabric  # noqa: F401
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    how = {"rdzv_backend": "c10d", "rdzv_endpoint": "localhost:0", "start_method": "fork", "max_restarts": 0}
    elastic_launch(LaunchConfig(min_nodes=1, max_nodes=1, nproc_per_node=2, run_id="test", **how), train)(folder)


def history(folder):
    return torch.load(folder / "checkpoint", weights_only=True)["state"]["history"]


@needs_lightning
def test_two_processes_give_the_losses_of_one(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir(), two.mkdir()
    train_alone(one)
    run_in_two_processes(two)
    for name, tolerance in (("loss", 1e-5), ("held-out loss", 1e-4), ("held-out accuracy", 0)):
        alone, together = ([epoch[name] for epoch in history(folder)] for folder in (one, two))
        assert together == pytest.approx(alone, rel=tolerance), name
    weights = [torch.load(path, weights_only=True) for path in sorted(two.glob("weights-*.pt"))]
    assert len(weights) == 2
    for name, alone in torch.load(one / "weights-0.pt", weights_only=True).items():
        assert torch.equal(weights[0][name], weights[1][name]), name
        torch.testing.assert_close(weights[0][name], alone, rtol=1e-3, atol=1e-4, msg=name)


# the batch norm, in a group of one process


@pytest.fixture
def alone():
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize(
    ("norm", "shape"),
    [(nn.BatchNorm1d(6), (20, 6)), (nn.BatchNorm1d(6), (5, 6, 4)), (ChannelNorm(6), (3, 4, 5, 6))],
    ids=["features", "frames", "channels last"],
)
def test_a_shared_norm_is_a_batch_norm(alone, norm, shape):
    draw = torch.Generator().manual_seed(0)
    nn.init.uniform_(norm.weight, generator=draw)
    nn.init.uniform_(norm.bias, generator=draw)
    shared = SharedNorm(norm)
    for name, buffer in norm.named_buffers():
        setattr(shared, name, buffer.clone())
    hidden, gradient = torch.randn(shape, generator=draw) * 3 + 1, torch.randn(shape, generator=draw)
    for mode in (True, True, False):
        results = []
        for module in (norm.train(mode), shared.train(mode)):
            norm.zero_grad()
            leaf = hidden.clone().requires_grad_()
            out = module(leaf)
            out.backward(gradient)
            results.append([out, leaf.grad, norm.weight.grad, norm.bias.grad, *module.buffers()])
        for expected, result in zip(*results, strict=True):
            torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-5)


def test_shared_norms_keep_names_and_weights():
    network = ShiftGcn(3, width=4)
    before = network.state_dict()
    share_norms(network)
    assert not [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    after = network.state_dict()
    assert list(after) == list(before)
    assert all(after[name] is not None and after[name].data_ptr() == before[name].data_ptr() for name in before)
    fresh = ShiftGcn(3, width=4)
    fresh.load_state_dict(after)
    FoldedShiftGcn(fresh)


# the door


def test_one_process_works_without_lightning(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightning.fabric", None)
    assert start_processes("cpu", 1).count == 1
    with pytest.raises(
        MissingExtraError, match=r"training in 2 processes needs Lightning.*pip install 'gzssar\[train\]'"
    ):
        start_processes("cpu", 2)


def test_torchruns_number_of_processes_holds(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightning.fabric", None)
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(MissingExtraError, match="training in 3 processes"):
        start_processes("cpu", 1)


def test_a_batch_that_processes_cannot_share_is_refused(monkeypatch):
    monkeypatch.setattr(training, "start_processes", lambda device, count: Processes(torch.device("cpu"), count=3))
    with pytest.raises(ConfigError, match="batch_size should be a multiple of the 3 processes"):
        fit_encoder(*made_up(0), (0, 1, 2, 3), TRAINING)


def test_a_process_for_which_no_held_out_clip_is_left_waits_for_the_others():
    class OfTwo(Processes):
        def mean(self, values):
            return (values + torch.tensor([1.0, 0.5, 1.0])) / 2  # the other one has one clip, and is right

    run = TrainingRun(ShiftGcn(4, width=4), TRAINING, OfTwo(torch.device("cpu"), rank=1))
    assert run._judge(Examples.of(*made_up(1, count=1), (0, 1, 2, 3))) == {"held-out accuracy": 1, "held-out loss": 0.5}


if __name__ == "__main__":
    launch(Path(sys.argv[1]))
