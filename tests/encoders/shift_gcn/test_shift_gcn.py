import pytest
import torch

from gzssar.encoders.shift_gcn.network import STAGES, ShiftGcn, TemporalShift, _permute, joint_shift, pointwise


def small(**change):
    torch.manual_seed(0)
    return ShiftGcn(**{"class_count": 5, "width": 4, **change})


def clips(count=3, frames=16, bodies=2):
    generator = torch.Generator().manual_seed(1)
    joints = torch.randn(count, 3, frames, 25, bodies, generator=generator)
    joints[1:, ..., 1:] = 0
    return joints


# the whole network


def test_features_and_logits_have_their_shapes():
    features, logits = small()(clips())
    assert features.shape == (3, 4 * STAGES[-1])
    assert logits.shape == (3, 5)


def test_an_absent_body_counts_in_the_mean():
    """As in the authors' code: what a network says about nothing is averaged in."""
    network = small().eval()
    one = clips()[1:2]
    twice = one.clone()
    twice[..., 1] = one[..., 0]
    assert not torch.allclose(network(one).features, network(twice).features)


def test_a_gradient_reaches_every_parameter():
    network = small()
    torch.nn.functional.cross_entropy(network(clips()).logits, torch.tensor([0, 1, 2])).backward()
    silent = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    # a bias before a batch norm moves nothing in training
    assert all(name.endswith(("spatial.bias", "shortcut.bias")) for name in silent), silent


def test_weights_come_from_the_global_generator():
    assert torch.equal(small().blocks[3].temporal.weight, small().blocks[3].temporal.weight)


def test_frames_are_halved_twice():
    network, seen = small().eval(), []
    for block in network.blocks:
        block.register_forward_hook(lambda _, __, out: seen.append(out.shape[1]))
    network(clips(frames=17))
    assert seen == [17] * 4 + [9] * 3 + [5] * 3


# the spatial shift


def test_the_joint_shift_by_hand():
    """Three joints, two channels: channel 1 of joint v comes from joint v + 1."""
    x = torch.tensor([[00.0, 1, 10, 11, 20, 21]])  # joint 0: channels 00, 01; joint 1: 10, 11; …
    assert x[:, joint_shift(3, 2, 1)].tolist() == [[0, 11, 10, 21, 20, 1]]
    assert x[:, joint_shift(3, 2, -1)].tolist() == [[0, 21, 10, 1, 20, 11]]


@pytest.mark.parametrize("width", [3, 25, 64])
def test_the_way_back_undoes_the_way_there(width):
    there, back = joint_shift(25, width, 1), joint_shift(25, width, -1)
    assert torch.equal(there[back], torch.arange(25 * width))


def test_the_gradient_of_a_permutation():
    order = joint_shift(5, 3, 1)
    x = torch.randn(2, 15, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: _permute(x, order, joint_shift(5, 3, -1)), (x,))


# the temporal shift


def shift(offsets, stride=1):
    module = TemporalShift(len(offsets), stride).double()
    module.offset.data = torch.tensor(offsets, dtype=torch.float64)
    return module


def test_the_temporal_shift_by_hand():
    x = torch.tensor([1.0, 2, 4, 8], dtype=torch.float64).view(1, 4, 1, 1).expand(1, 4, 1, 4).contiguous()
    moved = shift([0.0, 1.0, -1.5, 0.25])(x)[0, :, 0]
    assert moved[:, 0].tolist() == [1, 2, 4, 8]
    assert moved[:, 1].tolist() == [2, 4, 8, 0]
    assert moved[:, 2].tolist() == [0, 0.5, 1.5, 3]  # between t - 2 and t - 1, nothing before the clip
    assert moved[:, 3].tolist() == [1.25, 2.5, 5, 6]  # nothing after it


def test_at_stride_two_a_frame_stands_between_the_two_it_replaces():
    x = torch.tensor([1.0, 3, 5, 9], dtype=torch.float64).view(1, 4, 1, 1)
    assert shift([0.0], stride=2)(x).flatten().tolist() == [2, 7]


@pytest.mark.parametrize("stride", [1, 2])
def test_the_gradients_of_the_temporal_shift_are_finite_differences(stride):
    offsets = [0.3, -1.6, 2.2, -0.4]  # away from whole frames, where the slope jumps
    module = shift(offsets, stride)
    x = torch.randn(2, 7, 3, 4, dtype=torch.float64, requires_grad=True)

    def moved(x, offset):
        return torch.func.functional_call(module, {"offset": offset}, (x,))

    assert torch.autograd.gradcheck(moved, (x, module.offset))
    step, direction = 1e-6, torch.randn(moved(x, module.offset).shape, dtype=torch.float64)
    (analytic,) = torch.autograd.grad((moved(x, module.offset) * direction).sum(), module.offset)
    for c in range(4):
        there, back = module.offset.detach().clone(), module.offset.detach().clone()
        there[c] += step
        back[c] -= step
        numeric = ((moved(x, there) - moved(x, back)) * direction).sum() / (2 * step)
        assert analytic[c].item() == pytest.approx(numeric.item(), rel=1e-6)


def test_pointwise_is_a_linear_layer():
    x, weight, bias = torch.randn(2, 9, 5, 7), torch.randn(3, 7), torch.randn(3)
    torch.testing.assert_close(
        pointwise(x, weight, bias), torch.nn.functional.linear(x, weight, bias), rtol=1e-5, atol=1e-5
    )
