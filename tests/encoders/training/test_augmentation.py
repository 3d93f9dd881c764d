import pytest
import torch

from gzssar.encoders.training.augmentation import (
    AUGMENTATIONS,
    NOISE,
    SCALE,
    TURN,
    augment,
    mirror,
    noise,
    rotate,
    scale,
)
from gzssar.skeletons.layout import NTU25

LEFT_HAND, RIGHT_HAND = 7, 11


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def clips(count=40, frames=4):
    """Two bodies, the second absent."""
    joints = torch.randn(count, 3, frames, 25, 2, generator=generator(1))
    joints[..., 1] = 0
    return joints


def targets(count=40, classes=5):
    return torch.nn.functional.one_hot(torch.arange(count) % classes, classes).float()


def test_half_of_the_clips_are_mirrored_the_others_stay():
    before = clips()
    after = mirror(before, generator())
    moved = (after != before).flatten(1).any(dim=1)
    assert 10 < moved.sum() < 30
    one = moved.nonzero()[0, 0]
    hand = before[one, :, :, LEFT_HAND] * torch.tensor([-1.0, 1, 1])[:, None, None]
    assert torch.equal(after[one, :, :, RIGHT_HAND], hand)
    back = after[:, :, :, list(NTU25.mirror)] * torch.tensor([-1.0, 1, 1]).view(3, 1, 1, 1)
    assert torch.equal(back[moved], before[moved])


def test_a_turn_keeps_heights_and_lengths():
    before = clips()
    after = rotate(before, generator())
    assert torch.equal(after[:, 2], before[:, 2])
    torch.testing.assert_close(after.norm(dim=1), before.norm(dim=1))
    flat_before, flat_after = before[:, :2, 0, 5, 0], after[:, :2, 0, 5, 0]
    cosine = torch.cosine_similarity(flat_before, flat_after)
    assert torch.cos(torch.tensor(TURN)) < cosine.min() + 1e-6
    assert cosine.min() < 0.99
    around = torch.atan2(flat_after[:, 1], flat_after[:, 0]) - torch.atan2(flat_before[:, 1], flat_before[:, 0])
    assert 10 < (torch.sin(around) > 0).sum() < 30  # both ways


def test_a_clip_is_scaled_as_a_whole():
    before = clips()
    factor = scale(before, generator())[..., 0] / before[..., 0]
    torch.testing.assert_close(factor, factor[:, :1, :1, :1].expand_as(factor))
    assert factor.min() >= 1 - SCALE - 1e-6
    assert factor.max() <= 1 + SCALE + 1e-6
    assert factor.std() > SCALE / 3


def test_noise_has_its_size():
    drawn = noise(clips(frames=40), generator())[..., 0] - clips(frames=40)[..., 0]
    assert drawn.std().item() == pytest.approx(NOISE, rel=0.02)


@pytest.mark.parametrize("name", [*AUGMENTATIONS, "mixup"])
def test_every_augmentation_keeps_an_absent_body_absent_and_follows_its_generator(name):
    before, classes = clips(), targets()
    after, _ = augment(before, classes, (name,), generator())
    assert not after[..., 1].any()
    assert not torch.equal(after, before)
    again, other = (augment(before, classes, (name,), generator(seed))[0] for seed in (0, 2))
    assert torch.equal(after, again)
    assert not torch.equal(after, other)
    assert torch.equal(before, clips())  # the data set is not written to


def test_mixup_blends_clips_and_targets_alike():
    one_clip_per_class = torch.eye(6).view(6, 1, 1, 6, 1).expand(6, 3, 2, 6, 1)
    after, shares = augment(one_clip_per_class, torch.eye(6), ("mixup",), generator())
    torch.testing.assert_close(after[:, 0, 0, :, 0], shares)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(6))
    assert ((shares > 0).sum(dim=1) == 2).any()


def test_nothing_by_name_is_nothing_done():
    before, classes = clips(), targets()
    after, shares = augment(before, classes, (), generator())
    assert torch.equal(after, before)
    assert torch.equal(shares, classes)
