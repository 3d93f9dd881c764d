import os

import numpy as np
import pytest
import torch
import transformers as hf  # which loads a name when it is used
from tiny_models import write_bert, write_clip

from gzssar.errors import ConfigError, TextError
from gzssar.texts.classes import load_packaged_texts
from gzssar.texts.encoders import load_text_encoder

TEXTS = ["a photo of a cat", "hi", "raise the left hand, then kick the ball with the right foot"]
IDS = {
    "a photo of a cat": [320, 1125, 539, 320, 2368],
    "  A   Photo\nof a CAT": [320, 1125, 539, 320, 2368],
    "hello world!": [3306, 1002, 256],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clip") / "tiny")


@pytest.fixture(scope="module")
def encoder(folder):
    return load_text_encoder(str(folder), cache=None)


def padded(folder):
    """The three texts in one batch, as CLIP's own code has it: 77 tokens each."""
    tokenizer = hf.CLIPTokenizerFast.from_pretrained(folder)
    return tokenizer(TEXTS, padding="max_length", max_length=77, return_tensors="pt")


@pytest.mark.parametrize("text", IDS)
def test_tokens_are_those_of_clip(folder, encoder, text):
    ids = encoder._model._ids(text)
    assert ids == [49406, *IDS[text], 49407]
    assert encoder.token_count(text) == len(ids)


def test_vectors_are_the_models_own(folder, encoder):
    with torch.no_grad():
        expected = hf.CLIPTextModelWithProjection.from_pretrained(folder)(**padded(folder)).text_embeds.numpy()
    rows = encoder.encode(TEXTS)
    assert rows.dtype == np.float32
    assert rows.shape == (3, encoder.dimension) == (3, 24)
    np.testing.assert_allclose(rows, expected, atol=1e-5)
    assert np.ptp(np.linalg.norm(rows, axis=1)) > 1e-3  # not normalised


def test_pools_at_the_end_of_the_text_whatever_the_configuration_calls_it(folder, encoder, tmp_path):
    """Before transformers 4.31 the configurations said 2, which is a token like any other."""
    old = load_text_encoder(str(write_clip(tmp_path / "old", eos_token_id=2)), cache=None)
    other = load_text_encoder(str(write_clip(tmp_path / "other", eos_token_id=320)), cache=None)  # 320 is "a"
    np.testing.assert_array_equal(old.encode(TEXTS), encoder.encode(TEXTS))
    np.testing.assert_array_equal(other.encode(TEXTS), encoder.encode(TEXTS))


def test_a_whole_clip_model_lends_its_text_tower(tmp_path):
    folder = write_clip(tmp_path / "whole", "whole")
    with torch.no_grad():
        found = hf.CLIPModel.from_pretrained(folder).get_text_features(**padded(folder))
    expected = found if isinstance(found, torch.Tensor) else found.pooler_output
    rows = load_text_encoder(str(folder), cache=None).encode(TEXTS)
    np.testing.assert_allclose(rows, expected.numpy(), atol=1e-5)


def test_a_texts_row_does_not_depend_on_the_others(encoder):
    np.testing.assert_array_equal(encoder.encode(TEXTS)[1:2], encoder.encode(TEXTS[1:2]))


def test_the_template_surrounds_the_text_and_costs_tokens(folder, encoder):
    photo = load_text_encoder(str(folder), template="a photo of {}", cache=None)
    np.testing.assert_array_equal(photo.encode(["a cat"]), encoder.encode(["a photo of a cat"]))
    assert photo.token_count("a cat") == 7


def test_a_text_over_the_limit_is_refused_or_cut(encoder):
    long = "the left hand " * 30
    assert encoder.token_limit == 77
    with pytest.raises(TextError, match=r"text 1 .* at most the 77 tokens that tiny reads, but it has 92") as caught:
        encoder.encode(["wave", long])
    assert "'the left hand the left hand the left han …' would be cut" in str(caught.value)
    assert encoder.fitting(long) == ("the left hand " * 25).strip()
    np.testing.assert_array_equal(encoder.encode([long], truncate=True), encoder.encode([encoder.fitting(long)]))


def test_ten_thousand_words_are_not_cut_into_tokens_again_and_again(encoder, monkeypatch):
    ids, looked_at = encoder._model._ids, []
    monkeypatch.setattr(encoder._model, "_ids", lambda text: looked_at.append(text) or ids(text))
    encoder.encode(["swinging " * 10_000, "手" * 10_000], truncate=True)
    assert 0 < sum(map(len, looked_at)) < 200_000


def test_a_folder_without_the_projection_is_refused(tmp_path):
    encoder = load_text_encoder(str(write_clip(tmp_path / "tower", "tower")), cache=None)
    with pytest.raises(TextError, match=r"the weights text_projection\.weight are missing"):
        encoder.encode(TEXTS)


@pytest.mark.parametrize("tokenizer", ["another model's", "none"])
def test_a_folder_without_clips_tokenizer_is_refused(tmp_path, tokenizer):
    folder = write_clip(tmp_path / "mixed")
    for file in [*folder.glob("vocab*"), *folder.glob("merges*")]:
        file.unlink()
    if tokenizer != "none":
        write_bert(tmp_path / "bert")
        for file in (tmp_path / "bert").glob("token*"):
            file.rename(folder / file.name)
    with pytest.raises(TextError, match="should hold CLIP's tokenizer with the 49408 tokens of its model, but it has"):
        load_text_encoder(str(folder), cache=None).encode(TEXTS)


def test_clip_takes_no_pooling(folder):
    with pytest.raises(ConfigError, match="leave out pooling"):
        load_text_encoder(str(folder), cache=None, pooling="mean").encode(TEXTS)


@pytest.fixture
def real_clip(monkeypatch):
    """openai/clip-vit-base-patch32 out of a folder or out of the local cache of the Hugging Face hub."""
    if folder := os.environ.get("GZSSAR_CLIP_VIT_B32"):
        return load_text_encoder(folder)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    try:
        return load_text_encoder("clip-vit-b32")
    except TextError:
        pytest.skip("weights are missing: name a folder with openai/clip-vit-base-patch32 in GZSSAR_CLIP_VIT_B32")


def test_the_real_model_gives_the_published_features(shared_data, real_clip):
    """Against the features that came with the original's release."""
    theirs = np.load(shared_data / "ntu_reference" / "clip_vit_b32" / "lb_120.npy")
    ours = real_clip.encode(load_packaged_texts("ntu120").of_kind("label"))
    cosines = (ours * theirs).sum(axis=1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    assert cosines.min() >= 0.999
