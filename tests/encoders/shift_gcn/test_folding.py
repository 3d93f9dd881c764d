import pytest
import torch

from gzssar.encoders.shift_gcn.folding import FoldedShiftGcn
from gzssar.encoders.shift_gcn.network import ShiftGcn


def trained(**change):
    """A network whose every weight and statistic is random, as if it had been trained."""
    torch.manual_seed(0)
    network = ShiftGcn(**{"class_count": 5, "width": 4, **change})
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2)
        elif name.endswith(("bias", "running_mean", "mask")):
            tensor.normal_(0, 0.3)
        elif name.endswith("offset"):
            tensor.uniform_(-4, 4)
    return network.eval()


def clips(frames, count=4, bodies=2):
    joints = torch.randn(count, 3, frames, 25, bodies, generator=torch.Generator().manual_seed(1))
    joints[1:3, ..., bodies - 1] = 0
    return joints


@pytest.mark.parametrize("frames", [1, 2, 3, 5, 16, 31, 301])
def test_it_says_what_the_plain_network_says(frames):
    """Short clips are all border: every frame mixes in zeros from both ends."""
    network, joints = trained(), clips(frames)
    plain, folded = network(joints), FoldedShiftGcn(network)(joints)
    torch.testing.assert_close(folded.features, plain.features, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(folded.logits, plain.logits, rtol=1e-4, atol=1e-5)


def test_shifts_of_whole_frames_and_none_at_all():
    network = trained()
    for block, offset in zip(network.blocks, [0, 1, -1, 2, 0, -2, 0, 0, 3, -3], strict=True):
        block.temporal.shift_in.offset.data.fill_(offset)
        block.temporal.shift_out.offset.data.fill_(-offset)
    joints = clips(12)
    torch.testing.assert_close(FoldedShiftGcn(network)(joints).features, network(joints).features, rtol=1e-4, atol=1e-5)


def test_absent_bodies_are_encoded_once():
    network, counted = FoldedShiftGcn(trained()), []
    network.blocks[0].register_forward_pre_hook(lambda _, inputs: counted.append(len(inputs[0])))
    network(clips(16))
    assert counted == [2, 6]  # an absent one for either place; four first bodies, two second ones
    network(clips(16))
    assert counted == [2, 6, 6]


def test_a_clip_of_one_body_alone():
    network = trained(body_count=1)
    joints = clips(16, bodies=1)[:1]
    torch.testing.assert_close(FoldedShiftGcn(network)(joints).logits, network(joints).logits, rtol=1e-4, atol=1e-5)
