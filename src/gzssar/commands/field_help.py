"""The docstring under a field of a command's arguments, as the help of its option.

tyro keeps the line breaks of such a docstring, which are those of the source: in most terminals, the help is ragged.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Any, get_args, get_type_hints

from docstring_parser import parse_from_object


def join_lines(call: Callable[..., None]) -> None:
    """Let the help of all options of a command flow to the width of the terminal."""
    for hint in get_type_hints(call, include_extras=True).values():
        for record in _records(hint):
            docstrings = {one.arg_name: one.description for one in parse_from_object(record).params}
            for field in fields(record):
                if text := docstrings.get(field.name):
                    field.metadata = MappingProxyType({**field.metadata, "help": " ".join(text.split())})


def _records(hint: Any) -> Iterator[Any]:
    """The dataclasses that a type is made of."""
    if is_dataclass(hint):
        yield hint
        for field in fields(hint):
            yield from _records(field.type)
    for part in get_args(hint):
        yield from _records(part)
