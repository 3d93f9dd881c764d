"""Small language models with random weights, saved to folders as their libraries do it."""

import gzip
import json
from collections.abc import Sequence
from importlib.metadata import files
from pathlib import Path

import numpy as np
import torch
import transformers as hf  # which loads a name when it is used
from tokenizers import Tokenizer, models, pre_tokenizers, processors

WORDS = ("wave", "hand", "the", "right", "left", "foot", "kick", "query", ":", "a", "ball")
SMALL = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


class FakeModel:
    """A language model that one can compute by hand: a character is a token, and its vector says how many there are."""

    dimension = 3

    def __init__(self, token_limit: int = 20) -> None:
        self.token_limit = token_limit
        self.embedded: list[str] = []

    def token_count(self, prompt: str) -> int:
        return len(prompt)

    def encode_prompts(self, prompts: Sequence[str]) -> np.ndarray:
        self.embedded += prompts
        return np.array([[len(prompt), ord(prompt[0]), 1] for prompt in prompts], dtype=np.float32)


def write_clip_tokenizer(folder: Path) -> None:
    """CLIP's real byte-pair vocabulary, out of the package openai-clip, as the files of a Hugging Face folder."""
    (packed,) = (file for file in files("openai-clip") if file.name == "bpe_simple_vocab_16e6.txt.gz")
    merges = gzip.decompress(packed.locate().read_bytes()).decode().split("\n")[1 : 49152 - 256 - 2 + 1]
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    letters = [chr(byte) for byte in printable] + [chr(256 + i) for i in range(256 - len(printable))]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), *(merge.replace(" ", "") for merge in merges)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]), encoding="utf-8")


def write_clip(folder: Path, kind: str = "projection", projection: int = 24, **config: int) -> Path:
    """A text tower with its projection, one without ("tower"), or a whole CLIP model ("whole")."""
    write_clip_tokenizer(folder)
    torch.manual_seed(1)
    text = {**SMALL, **config}
    if kind == "whole":
        model = hf.CLIPModel(
            hf.CLIPConfig(text_config=text, vision_config={**SMALL, "image_size": 32}, projection_dim=24)
        )
    else:
        model_class = hf.CLIPTextModelWithProjection if kind == "projection" else hf.CLIPTextModel
        model = model_class(hf.CLIPTextConfig(**text, projection_dim=projection))
    model.save_pretrained(folder)
    return folder


def write_bert(folder: Path) -> Path:
    """A bare BERT, without modules.json; it reads 16 tokens."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]))
    torch.manual_seed(2)
    hf.BertModel(hf.BertConfig(**SMALL, vocab_size=16, max_position_embeddings=16)).save_pretrained(folder)
    hf.BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=16).save_pretrained(folder)
    return folder


def write_decoder(folder: Path) -> Path:
    """A bare decoder of the family of Qwen3-Embedding, which ends each text with a token of its own."""
    tokenizer = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(["<end>", "<unknown>", *WORDS])}, "<unknown>")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing("$A <end>", special_tokens=[("<end>", 0)])
    torch.manual_seed(3)
    config = hf.Qwen3Config(**SMALL, vocab_size=16, num_key_value_heads=2, head_dim=16, max_position_embeddings=32)
    hf.Qwen3Model(config).to(torch.bfloat16).save_pretrained(folder)
    hf.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<end>", eos_token="<end>", unk_token="<unknown>"
    ).save_pretrained(folder)
    return folder


def write_hub_cache(cache: Path, name: str, model: Path, commit: str = "c0ffee" * 6 + "c0ff") -> str:
    """Put a model where the Hugging Face hub keeps what it downloaded, as the branch main."""
    home = cache / f"models--{name.replace('/', '--')}"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text(commit)
    (home / "snapshots").mkdir()
    (home / "snapshots" / commit).symlink_to(model, target_is_directory=True)
    return commit
