"""Training in several processes that give the numbers of one: each takes its stride of every batch.

Gradients are averaged by PyTorch's DistributedDataParallel, through Lightning Fabric, which is imported only where
there is more than one process. Batch norms need more: their statistics are the whole batch's here, and so are the
gradients through them. PyTorch's SyncBatchNorm does that on CUDA only.
"""

import os
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gzssar.encoders.network import SkeletonNetwork
from gzssar.errors import ConfigError, MissingExtraError


@dataclass(frozen=True)
class Processes:
    """The processes that train together, as one of them sees them."""

    device: torch.device
    """Where this one computes."""

    rank: int = 0
    """Which one this is; 0 alone writes files."""

    count: int = 1
    """How many there are."""

    fabric: Any = None
    """Lightning's, where there are several."""

    def share(self, network: SkeletonNetwork) -> nn.Module:
        """Move a network to the device and, where there are several, make its norms and gradients common to all.

        Returns:
            What to call in training; its parameters are the network's own.
        """
        network.to(self.device)
        if self.count == 1:
            return network
        share_norms(network)
        shared: nn.Module = self.fabric.setup_module(network)
        return shared

    def backward(self, loss: Float[Tensor, ""]) -> None:
        """Compute gradients of the mean loss over all processes."""
        if self.count == 1:
            loss.backward()  # type: ignore[no-untyped-call]
        else:
            self.fabric.backward(loss)

    def mean(self, values: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
        """The mean over all processes."""
        return values if self.count == 1 else _all_sum(values) / self.count

    def from_first(self, value: Any) -> Any:
        """What the process of rank 0 has."""
        return value if self.count == 1 else self.fabric.broadcast(value)


def device_kind(device: str) -> str:
    """cpu or cuda; auto takes a CUDA device where there is one.

    Raises:
        ConfigError: there is no CUDA device, and one is asked for.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("the device should be cuda, but PyTorch finds no such device: use --device cpu.")
    return ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device


def start_processes(device: str, count: int) -> Processes:
    """Join the processes that torchrun started; else start `count`, each of which runs the command from its beginning.

    Args:
        device: auto, cpu or cuda.
        count: how many to start where torchrun did not start any; with one, this process works alone.

    Raises:
        ConfigError: there is no CUDA device, and one is asked for.
        MissingExtraError: there are several processes, and Lightning is not installed.
    """
    kind = device_kind(device)
    all_nodes = int(os.environ.get("WORLD_SIZE", count))
    if all_nodes == 1:
        return Processes(torch.device(kind))
    try:
        from lightning.fabric import Fabric
    except ImportError as error:
        raise MissingExtraError(
            f"training in {all_nodes} processes needs Lightning, which is not installed: run pip install "
            "'gzssar[train]', or train in one process."
        ) from error
    here = int(os.environ.get("LOCAL_WORLD_SIZE", all_nodes))
    fabric = Fabric(accelerator=kind, devices=here, num_nodes=all_nodes // here, strategy="ddp")
    fabric.launch()
    return Processes(fabric.device, fabric.global_rank, fabric.world_size, fabric)


class SharedNorm(nn.Module):
    """A batch norm by the statistics of all processes' clips, with the parameters and buffers of another."""

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, norm: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
        super().__init__()
        self.weight, self.bias = norm.weight, norm.bias
        for name, buffer in norm.named_buffers():
            self.register_buffer(name, buffer)
        self.eps, self.momentum = norm.eps, norm.momentum or 0.0
        self.channel_axis: int = getattr(norm, "channel_axis", 1)

    def forward(self, hidden: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Normalise; every process must have as many values."""
        channels_last = hidden.movedim(self.channel_axis, -1)
        mean, variance = self._statistics(channels_last) if self.training else (self.running_mean, self.running_var)
        normal = (channels_last - mean) * torch.rsqrt(variance + self.eps) * self.weight + self.bias
        return normal.to(hidden.dtype).movedim(-1, self.channel_axis)

    def _statistics(self, channels_last: Float[Tensor, "*rest W"]) -> tuple[Float[Tensor, "W"], Float[Tensor, "W"]]:
        rows = channels_last.reshape(-1, channels_last.shape[-1])
        rows = rows.to(torch.promote_types(rows.dtype, torch.float32))
        count = len(rows) * torch.distributed.get_world_size()
        mean = _all_sum(rows.sum(dim=0)) / count
        variance = _all_sum((rows - mean).square().sum(dim=0)) / count
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / max(count - 1, 1), self.momentum)
        return mean, variance


def share_norms(network: nn.Module) -> None:
    """Put a :class:`SharedNorm` in place of every batch norm; names in the state dictionary stay."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
                setattr(module, name, SharedNorm(child))


class _AllSum(torch.autograd.Function):
    """The sum over all processes, whose gradient is the sum of their gradients."""

    @staticmethod
    def forward(ctx, values: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        total = values.clone(memory_format=torch.contiguous_format)
        torch.distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        return _all_sum(gradient)


def _all_sum(values: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    total: Tensor = _AllSum.apply(values)  # type: ignore[no-untyped-call]
    return total
