"""The closed-form gradients are autograd's, in double precision, for every shape of a step."""

import pytest
import torch

from gzssar.methods.msf.gradients import Stack, initial_stack, write_gradients
from gzssar.methods.msf.losses import LossTerms, loss_terms, total
from gzssar.methods.msf.schedule import LossWeights

D, E, Z, MODELS, BATCH, TEXTS = 7, 6, 4, 2, 5, 3


def stack_of(generator):
    """Weights in double precision, with biases that are not zero and gradients that must be overwritten."""
    stack = initial_stack(MODELS, D, E, Z, generator)
    noisy = [t.double() + 0.1 * torch.randn(t.shape, generator=generator).double() for t in stack.tensors()]
    for tensor in noisy:
        tensor.grad = torch.full_like(tensor, float("nan"))
    return Stack(*noisy)


def with_ones(tensor):
    return torch.cat([tensor, torch.ones_like(tensor[..., :1])], dim=-1)


@pytest.mark.parametrize("rectified", [False, True], ids=["linear", "rectified"])
@pytest.mark.parametrize("cross", [0.0, 0.7], ids=["no cross terms", "cross terms"])
@pytest.mark.parametrize("noise_width", [1, Z], ids=["shared noise", "independent noise"])
@pytest.mark.parametrize("once", [False, True], ids=["text per clip", "text per class"])
@pytest.mark.parametrize("kl", [(0.0, 0.0), (0.2, 0.5)], ids=["no KL", "KL"])
def test_closed_form_is_autograd(rectified, cross, noise_width, once, kl):
    generator = torch.Generator().manual_seed(0)

    def normal(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    stack, weights = stack_of(generator), LossWeights(0.3, 0.9, *kl, cross)
    skeletons, noise = (
        normal(MODELS, BATCH, D),
        (normal(MODELS, BATCH, noise_width), normal(MODELS, BATCH, noise_width)),
    )
    if once:
        class_texts = normal(MODELS, TEXTS, E)
        of_clip = torch.eye(TEXTS, dtype=torch.float64)[torch.tensor([[0, 2, 2, 1, 0], [1, 1, 1, 1, 1]])]
        encoded = texts = of_clip @ class_texts
        given = with_ones(class_texts), of_clip
    else:
        texts = normal(MODELS, BATCH, E)
        encoded = texts + 0.1 * normal(MODELS, BATCH, E)
        given = with_ones(encoded), None
    write_gradients(stack, with_ones(skeletons), *given, texts, *noise, weights, rectified)
    for m in range(MODELS):
        vae = stack.model(m, rectified).requires_grad_(True)
        terms = loss_terms(vae, skeletons[m], encoded[m], texts[m], noise[0][m], noise[1][m])
        total(terms, weights).backward()
        layers = (vae.skeleton.encoder, vae.skeleton.decoder, vae.text.encoder, vae.text.decoder)
        for layer, tensor in zip(layers, stack.tensors(), strict=True):
            torch.testing.assert_close(tensor.grad[m, :-1], layer.weight.grad.T, rtol=1e-10, atol=1e-12)
            torch.testing.assert_close(tensor.grad[m, -1], layer.bias.grad, rtol=1e-10, atol=1e-12)


def test_initial_weights_are_xavier_uniform_with_gain_one_half():
    stack = initial_stack(3, 200, 100, 50, torch.Generator().manual_seed(0))
    fans = {"skeleton_encoder": 250, "skeleton_decoder": 250, "text_encoder": 150, "text_decoder": 150}
    for name, fan in fans.items():
        weights = getattr(stack, name)
        bound = 0.5 * (6 / fan) ** 0.5
        assert weights[:, :-1].abs().max().item() == pytest.approx(bound, rel=1e-2)
        assert weights[:, :-1].std().item() == pytest.approx(bound / 3**0.5, rel=2e-2)
        assert not weights[:, -1].any()


def test_a_model_taken_out_of_the_stack_is_free_of_it():
    stack = initial_stack(1, D, E, Z, torch.Generator().manual_seed(0))
    vae = stack.model(0, rectified=False)
    before = vae.text.encoder.weight.clone()
    for tensor in stack.tensors():
        tensor.zero_()
    assert torch.equal(vae.text.encoder.weight, before)


def test_weighting_by_hand():
    terms = LossTerms(*(torch.tensor(float(10**i)) for i in range(6)))
    weights = LossWeights(skeleton=2, text=3, skeleton_kl=5, text_kl=7, cross=0.5)
    # 2·(1 + ½·100) + 3·(10 + ½·1000) + 5·10⁴ + 7·10⁵
    assert total(terms, weights).item() == 102 + 1530 + 50_000 + 700_000
