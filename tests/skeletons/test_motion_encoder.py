import pytest
import torch

from gzssar.skeletons.motion_encoder import MotionEncoder


@pytest.fixture
def encoder():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return MotionEncoder(class_count=7)


def clips(n=3, frames=20, bodies=1):
    return torch.randn(n, 3, frames, 25, bodies, generator=torch.Generator().manual_seed(1))


def test_features_are_256_wide_and_logits_one_per_class(encoder):
    encoded = encoder(clips())
    assert encoded.features.shape == (3, 256)
    assert encoded.logits.shape == (3, 7)


def test_a_gradient_reaches_every_parameter(encoder):
    (encoder(clips()).logits ** 2).sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        if not name.endswith("residual.0.bias"):
            assert parameter.grad.abs().sum() > 0, name


def test_an_absent_body_does_not_count(encoder):
    encoder.eval()
    alone = clips()
    accompanied = torch.cat([alone, torch.zeros_like(alone)], dim=-1)
    torch.testing.assert_close(encoder(accompanied).features, encoder(alone).features)


def test_the_order_of_bodies_does_not_matter(encoder):
    encoder.eval()
    two = clips(bodies=2)
    torch.testing.assert_close(encoder(two).features, encoder(two.flip(-1)).features)


def test_a_clip_with_no_body_at_all_stays_finite(encoder):
    assert torch.isfinite(encoder(torch.zeros(2, 3, 8, 25, 2)).features).all()


@pytest.mark.parametrize("frames", [1, 2, 5, 64])
def test_any_number_of_frames_will_do(encoder, frames):
    assert encoder(clips(frames=frames)).features.shape == (3, 256)
