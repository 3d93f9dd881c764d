import numpy as np
import pytest
import torch
import transformers as hf  # which loads a name when it is used
from tiny_models import write_bert, write_decoder, write_hub_cache

from gzssar.errors import ConfigError, TextError
from gzssar.texts.encoders import load_text_encoder

TEXTS = ["wave the right hand", "kick"]


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return write_bert(tmp_path_factory.mktemp("bert") / "tiny")


@pytest.fixture(scope="module")
def decoder(tmp_path_factory):
    return write_decoder(tmp_path_factory.mktemp("decoder") / "tiny")


def sentence_model(folder, pooling, normalised=False):
    """A model of sentence-transformers, whose import takes seconds."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    modules = [Transformer(str(folder)), Pooling(32, pooling), *([Normalize()] if normalised else [])]
    return SentenceTransformer(modules=modules, device="cpu")


def last_layers(model, folder):
    """(tokens, E) of each text."""
    tokenizer = hf.AutoTokenizer.from_pretrained(folder)
    model = model.from_pretrained(folder).float()
    with torch.no_grad():
        return [model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].numpy() for text in TEXTS]


def test_a_bare_folder_is_pooled_by_the_mean(bert):
    encoder = load_text_encoder(str(bert), cache=None)
    expected = [layer.mean(axis=0) for layer in last_layers(hf.BertModel, bert)]
    np.testing.assert_allclose(encoder.encode(TEXTS), expected, atol=1e-5)
    assert (encoder.dimension, encoder.token_limit, encoder.token_count(TEXTS[0])) == (32, 16, 6)


def test_or_by_the_last_token(decoder):
    """In float32, though the weights are saved in bfloat16."""
    encoder = load_text_encoder(str(decoder), cache=None, pooling="last")
    layers = last_layers(hf.Qwen3Model, decoder)
    rows = encoder.encode(TEXTS)
    np.testing.assert_allclose(rows, [layer[-1] for layer in layers], atol=1e-5)
    assert rows.dtype == np.float32
    assert (encoder.dimension, encoder.token_limit, encoder.token_count(TEXTS[0])) == (32, 32, 5)


def test_a_sentence_transformers_folder_says_itself_how_to_pool(decoder, tmp_path):
    model = sentence_model(decoder, "lasttoken", normalised=True)
    model.save(str(tmp_path / "saved"))
    rows = load_text_encoder(str(tmp_path / "saved"), cache=None).encode(TEXTS)
    last = np.array([layer[-1] for layer in last_layers(hf.Qwen3Model, decoder)])
    np.testing.assert_allclose(rows, last / np.linalg.norm(last, axis=1, keepdims=True), atol=1e-5)
    with pytest.raises(ConfigError, match=r"says itself how to pool, in its modules\.json: leave out pooling='last'"):
        load_text_encoder(str(tmp_path / "saved"), cache=None, pooling="last").encode(TEXTS)


def test_a_prompt_that_the_model_puts_before_each_text_costs_tokens(bert, tmp_path):
    model = sentence_model(bert, "mean")
    model.prompts, model.default_prompt_name = {"mine": "the left "}, "mine"
    model.save(str(tmp_path / "prompted"))
    prompted = load_text_encoder(str(tmp_path / "prompted"), cache=None)
    plain = load_text_encoder(str(bert), cache=None)
    np.testing.assert_allclose(prompted.encode(["foot"]), plain.encode(["the left foot"]), atol=1e-6)
    assert prompted.token_count("foot") == plain.token_count("the left foot") == 5


@pytest.mark.parametrize("spec", ["e5-small-v2", "intfloat/e5-small-v2", "intfloat/e5-small-v2@main"])
def test_e5_gets_its_prefix(bert, tmp_path, monkeypatch, spec):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    commit = write_hub_cache(tmp_path, "intfloat/e5-small-v2", bert)
    e5 = load_text_encoder(spec, template="the {}", cache=None)
    prefixed = load_text_encoder(str(bert), template="query: the {}", cache=None)
    assert (e5.name, e5.revision) == ("intfloat/e5-small-v2", commit)
    assert e5.token_count("hand") == 6
    np.testing.assert_array_equal(e5.encode(["hand"]), prefixed.encode(["hand"]))


def test_a_text_over_the_limit_is_refused_or_cut(bert):
    encoder = load_text_encoder(str(bert), cache=None)
    long = "wave the hand " * 10
    with pytest.raises(TextError, match=r"text 0 .* at most the 16 tokens that tiny reads, but it has 32"):
        encoder.encode([long])
    assert encoder.fitting(long) == "wave the hand " * 4 + "wave the"
    np.testing.assert_array_equal(encoder.encode([long], truncate=True), encoder.encode([encoder.fitting(long)]))


def test_loading_and_encoding_leave_the_console_alone(bert, capfd):
    load_text_encoder(str(bert), cache=None).encode(TEXTS)
    assert capfd.readouterr() == ("", "")
