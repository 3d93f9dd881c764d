from dataclasses import replace

import pytest
import torch

from gzssar.methods.msf.settings import MsfSettings
from gzssar.methods.msf.unseen import fit_unseen
from gzssar.methods.msf.vae import CrossModalVae

QUICK = MsfSettings(
    unseen_classifier="softmax", samples_per_class=50, classifier_steps=100, classifier_learning_rate=0.05
)
TEXTS = torch.eye(3)


def vae_of(log_variance):
    """A text encoder by hand: text k has its posterior mean at 3 along axis k."""
    vae = CrossModalVae(skeleton_width=5, text_width=3, latent_width=3).requires_grad_(False)
    vae.text.encoder.weight[:3], vae.text.encoder.weight[3:] = 3 * torch.eye(3), 0.0
    vae.text.encoder.bias[:3], vae.text.encoder.bias[3:] = 0.0, log_variance
    return vae


def fit(settings=QUICK, log_variance=-2.0, seed=0, texts=TEXTS):
    return fit_unseen(vae_of(log_variance), texts, settings, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("noise", ["independent", "shared"])
def test_separable_posteriors_are_told_apart(noise):
    classifier = fit(replace(QUICK, noise=noise))
    near = 3 * TEXTS.repeat(20, 1) + 0.4 * torch.randn(60, 3, generator=torch.Generator().manual_seed(1))
    probabilities = classifier(near).softmax(dim=1)
    assert (probabilities.argmax(dim=1) == torch.arange(3).repeat(20)).float().mean() > 0.95
    assert probabilities.max(dim=1).values.mean() > 0.9


def test_columns_follow_the_order_of_the_texts():
    assert fit(texts=TEXTS[[2, 0, 1]])(3 * TEXTS).argmax(dim=1).tolist() == [1, 2, 0]


def test_wide_posteriors_make_it_less_sure():
    sure, unsure = (fit(log_variance=v)(3 * TEXTS).softmax(dim=1).max(dim=1).values.mean() for v in (-4.0, 2.5))
    assert sure > unsure + 0.1


def test_a_rectified_classifier_gives_no_negative_logits():
    latents = torch.randn(50, 3, generator=torch.Generator().manual_seed(1))
    assert (fit(replace(QUICK, output="rectified"))(latents) >= 0).all()
    assert (fit()(latents) < 0).any()


def test_equal_generators_give_equal_classifiers():
    one, other, third = fit(), fit(), fit(seed=1)
    assert torch.equal(one.linear.weight, other.linear.weight)
    assert not torch.equal(one.linear.weight, third.linear.weight)
    assert not one.linear.weight.requires_grad


def test_the_settings_says_which_noise_it_learns_from():
    shared, independent = (fit(replace(QUICK, noise=noise), log_variance=0.0) for noise in ("shared", "independent"))
    # shared noise never moves two dimensions apart, so the classes stay separable along their difference
    along = 3 * TEXTS
    sure, unsure = (one(along).softmax(dim=1).max(dim=1).values.mean() for one in (shared, independent))
    assert sure > unsure
