"""YAML ↔ plain values, for `table_files.py`, which imports this late.

Scalars stay the text that was written: the label ``no`` is "no", not False, and ``007`` is not 7. Only an empty value,
``~`` and ``null`` are None. Aliases are refused, as a few lines of them can stand for gigabytes.
"""

from textwrap import shorten
from typing import Any

import yaml

from gzssar.errors import TextError

_MOST_LETTERS = 4 * 2**20  # PyYAML reads about a megabyte a second
_MOST_NODES = 50_000  # and 20,000 texts a second


class Mapping(dict[str, Any]):
    """A mapping that knows the line it starts in."""

    line = 0


class _Loader(yaml.SafeLoader):
    nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.nodes += 1
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="aliases are not read here, write the text out", problem_mark=mark)
        if self.nodes > _MOST_NODES:
            raise yaml.MarkedYAMLError(problem="more texts than a table of classes has", problem_mark=self.get_mark())
        return super().compose_node(parent, index)


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(Mapping, lambda dumper, value: dumper.represent_dict(value.items()))


def parse_yaml(text: str, source: str) -> Any:
    """Parse one document into mappings, lists, texts and None.

    Raises:
        TextError: it is not YAML, is large, or has aliases, several documents or a key twice.
        RecursionError: it is nested hundreds of levels deep.
    """
    if len(text) > _MOST_LETTERS:
        raise TextError(f"{source} should hold at most 4 MiB, as YAML is slow to read: save a larger table as CSV.")
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.reader.ReaderError as error:  # its `character` is a number
        line = text.count("\n", 0, error.position) + 1
        raise TextError(
            f"{source} should be YAML, but line {line} holds the control character U+{error.character:04X}."
        ) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise TextError(f"{source} should be a table in YAML, but line {line} is not ({error.problem}).") from error
    return None if node is None else _value(node, source)


def format_yaml(document: Any) -> str:
    """A document with its keys in order and readable letters of any script."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def _value(node: yaml.Node, source: str) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return None if node.tag == "tag:yaml.org,2002:null" else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, source) for child in node.value]
    mapping = Mapping()
    mapping.line = node.start_mark.line + 1
    for key, child in node.value:
        where = f"line {key.start_mark.line + 1} of {source}"
        if not isinstance(key, yaml.ScalarNode):
            raise TextError(f"{where} should start with a key such as a label, but it is a list or a mapping.")
        if key.value in mapping:
            raise TextError(f"{where} should have a key of its own, but {shorten(key.value, 60)!r} comes twice.")
        mapping[key.value] = _value(child, source)
    return mapping
