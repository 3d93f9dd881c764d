"""Missing action and motion texts, written by a language model that the user names, into the user's own table."""

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

from gzssar.errors import ConfigError, EndpointError, MissingExtraError, TextError
from gzssar.running import Progress
from gzssar.texts.classes import packaged_names, read_class_texts
from gzssar.texts.tables.files import read_table, write_table
from gzssar.texts.tables.rows import TextRow, plain_text

TIMEOUT_S = 120.0
RETRIES = 2  # by the client, with pauses: of requests that a busy endpoint did not answer
_WRITTEN = ("action", "motion")
_MOST_WORDS = 100


def fill_texts(path: Path, url: str, model: str, key: str | None, progress: Progress | None = None) -> int:
    """Ask an OpenAI-compatible endpoint for the action and motion texts that a table lacks, class by class.

    Each answer is written into the table at once, so that a second call asks only for what is missing. Texts that stand
    there are never touched.

    Args:
        path: a table whose classes all have labels.
        url: the endpoint's base URL, such as ``http://localhost:11434/v1``.
        model: what the endpoint calls the model.
        key: the endpoint's key, or None where it wants none; it is neither printed nor written.
        progress: told after each class.

    Returns:
        The number of texts written.

    Raises:
        TextError: the table is malformed, lacks labels, or changes its classes meanwhile.
        ConfigError: the table comes with the package, the URL is no such thing, or the key cannot be sent.
        EndpointError: the endpoint cannot be reached, refuses, or gives no usable texts for a class in two answers.
        MissingExtraError: the extra ``llm`` is not installed.
        OutputError: the table cannot be written.
    """
    _check_arguments(path, url, key)
    texts = read_class_texts(path)
    if unlabelled := texts.lacking("label"):
        raise TextError(f"{path} should name its classes in a column label, but {len(unlabelled)} have none: add them.")
    labels = texts.of_kind("label")
    unfilled = [k for k, row in enumerate(read_table(path).rows) if _missing(row)]
    if not unfilled:
        return 0
    written = 0
    address = urlsplit(url)
    without_login = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()
    with _client(url, key) as client:
        endpoint = _Endpoint(client, without_login, model)
        for done, position in enumerate(unfilled):
            if progress:
                progress("class texts", done, len(unfilled))
            row = read_table(path).rows[position]
            written += _store(path, position, row, endpoint.texts_for(row, labels))
    if progress:
        progress("class texts", len(unfilled), len(unfilled))
    return written


class _Endpoint:
    """A model behind a URL that answers with texts."""

    def __init__(self, client: Any, url: str, model: str) -> None:
        self._client, self._url, self._model = client, url, model

    def texts_for(self, row: TextRow, labels: Sequence[str]) -> dict[str, str]:
        """The texts a row lacks, by column. An answer that cannot be used is sent back once, with the complaint."""
        messages = [{"role": "user", "content": _prompt(row, labels)}]
        for _ in range(2):
            answer = self._ask(messages)
            try:
                return _texts_in(answer, _missing(row))
            except TextError as error:
                complaint = str(error)
            messages += [
                {"role": "assistant", "content": answer or "-"},
                {"role": "user", "content": f"This cannot be used: {complaint}. Answer with the JSON object only."},
            ]
        raise EndpointError(
            f"{self._model} should answer with an action and a motion text for the class {row.text('label')!r}, but "
            f"{complaint}, twice: write these texts yourself, or name another --model. {_KEPT}"
        )

    def _ask(self, messages: list[dict[str, str]]) -> str:
        import openai

        try:
            reply = self._client.chat.completions.create(model=self._model, messages=messages, temperature=0)
        except openai.APITimeoutError:
            raise EndpointError(
                f"{self._url} should answer within {TIMEOUT_S:g} seconds, but it did not: see whether it is busy, or "
                f"name a smaller --model. {_KEPT}"
            ) from None  # what the client raises may quote the key
        except openai.APIConnectionError:
            raise EndpointError(
                f"{self._url} should be an OpenAI-compatible endpoint, but it cannot be reached: see whether it runs, "
                f"and whether --url is right. {_KEPT}"
            ) from None
        except openai.APIStatusError as error:
            raise EndpointError(f"{self._refusal(error.status_code)} {_KEPT}") from None
        except (openai.OpenAIError, ValueError):  # 200, and yet no JSON
            return ""
        try:
            return str(reply.choices[0].message.content or "")
        except (AttributeError, IndexError, TypeError):
            return ""

    def _refusal(self, status: int) -> str:
        if status in (401, 403):
            return (
                f"{self._url} wants a valid key and refuses the one it got, or got none (status {status}): put it into "
                "the environment variable that --key-variable names."
            )
        if status == 404:
            return (
                f"{self._url} knows no model named {self._model!r}, or is no OpenAI-compatible endpoint (status 404): "
                "check --model, and that --url ends as the endpoint's manual says, often in /v1."
            )
        if status == 429:
            return f"{self._url} takes no more requests for now (status 429): wait, or see to its quota."
        return f"{self._url} should answer with texts, but it fails with status {status}: its log may say why."


_KEPT = "What is written so far stays in the table; run the command again to go on."


def _check_arguments(path: Path, url: str, key: str | None) -> None:
    packaged = Path(str(files("gzssar.texts"))) / "data"
    if path.resolve().is_relative_to(packaged.resolve()) or (path.name in packaged_names() and not path.exists()):
        raise ConfigError(f"{path} comes with the package and is not filled: copy it, and fill the copy.")
    try:
        is_url = urlsplit(url).scheme in ("http", "https") and bool(urlsplit(url).hostname)
    except ValueError:
        is_url = False
    if not is_url or not url.isprintable() or " " in url:
        raise ConfigError(f"--url should be a base URL such as http://localhost:11434/v1, but it is {url!r}.")
    if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
        raise ConfigError("the endpoint's key should be one word of plain letters, but it is not: check its variable.")


def _client(url: str, key: str | None) -> Any:
    try:
        import openai  # late: it takes a second
    except ImportError as error:
        raise MissingExtraError(
            "filling class texts needs the openai client, which is not installed: run pip install 'gzssar[llm]', or "
            "write the texts yourself."
        ) from error
    client = openai.OpenAI(api_key=key or "none", base_url=url, timeout=TIMEOUT_S, max_retries=RETRIES)
    client.organization = client.project = None  # the environment's, which another endpoint need not see
    return client


def _missing(row: TextRow) -> tuple[str, ...]:
    return tuple(column for column in _WRITTEN if not row.text(column))


def _prompt(row: TextRow, labels: Sequence[str]) -> str:
    prompt = files("gzssar.texts") / "prompts" / "fill-1.md"  # a changed prompt gets a new number
    template = Template(prompt.read_text(encoding="utf-8"))
    given = [
        f"\nIts {column} text stands already; write one that goes with it: {text}\n"
        for column in _WRITTEN
        if (text := row.text(column))
    ]
    listed = "\n".join(f"- {label}" for label in labels)
    return template.substitute(labels=listed, label=row.text("label"), given="".join(given))


def _texts_in(answer: str, columns: Sequence[str]) -> dict[str, str]:
    """The texts in an answer, which may stand in a code fence or after the model's thoughts.

    Raises:
        TextError: with the part of a sentence that says what is wrong.
    """
    answer = answer.rpartition("</think>")[2]
    try:
        found, _ = json.JSONDecoder(strict=False).raw_decode(answer, answer.index("{"))
    except (ValueError, RecursionError):
        raise TextError("its answer is no JSON object" if answer.strip() else "its answer is empty") from None
    texts = {}
    for column in columns:
        text = found.get(column)
        if not isinstance(text, str) or not text.strip():
            raise TextError(f"its answer has no text under the key {column!r}")
        try:
            texts[column] = plain_text(text, "")
        except TextError:
            raise TextError(f"its {column} text holds control characters") from None
        if len(texts[column].split()) > _MOST_WORDS or len(texts[column]) > 10 * _MOST_WORDS:
            raise TextError(f"its {column} text is longer than {_MOST_WORDS} words")
    return texts


def _store(path: Path, position: int, asked: TextRow, texts: dict[str, str]) -> int:
    """Write texts into the row they were asked for; read it anew, since its owner may have edited the table."""
    table = read_table(path)
    if position >= len(table.rows) or table.rows[position].text("label") != asked.text("label"):
        raise TextError(f"{path} got other classes while its texts were written: run the command again to go on.")
    row = table.rows[position]
    new = {column: text for column, text in texts.items() if not row.text(column)}
    row.cells.update(new)
    write_table(path, table)
    return len(new)
