"""Frozen dataclasses of choices, checked when they are made: the type checker does not see what a user passes in."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from typeguard import CollectionCheckStrategy, TypeCheckError, check_type

from gzssar.errors import ConfigError


def check_choices(record: Any) -> None:
    """Refuse values that are none of a field's choices, or not of its type.

    Raises:
        ConfigError: a field holds something else.
    """
    for one in fields(record):
        value = getattr(record, one.name)
        try:
            check_type(value, one.type, collection_check_strategy=CollectionCheckStrategy.ALL_ITEMS)
        except TypeCheckError:
            is_choice = get_origin(one.type) is Literal
            wanted = f"one of {', '.join(map(str, get_args(one.type)))}" if is_choice else _spelled(one.type)
            raise ConfigError(f"{one.name} is {wanted}, but {value!r} came{_remedy(value, one.type)}.") from None


def _remedy(value: Any, kind: Any) -> str:
    """What to write where a path came as text, or one path where several may stand."""
    if "Path" not in str(kind) or not isinstance(value, str | Path | list | tuple):
        return ""
    paths = ", ".join(f"Path({str(one)!r})" for one in (value if isinstance(value, list | tuple) else [value]))
    if "tuple" in str(kind):
        return f": write ({paths},)"
    return "" if isinstance(value, list | tuple) else f": write {paths}"


def _spelled(kind: Any) -> str:
    if isinstance(kind, type) and not get_args(kind):
        return kind.__name__
    return re.sub(r"pathlib\.(_local\.)?", "", str(kind))  # Python 3.13 says pathlib._local.Path


def check_positive(record: Any, *names: str) -> None:
    """Refuse numbers that are not above 0; None is no number.

    Raises:
        ConfigError: one of these fields holds one.
    """
    for name in names:
        if (value := getattr(record, name)) is not None and not value > 0:
            raise ConfigError(f"{name} must be positive, but it is {value}.")


def check_share(record: Any, name: str) -> None:
    """Refuse a number outside [0, 1].

    Raises:
        ConfigError: the field holds one.
    """
    if not 0 <= (value := getattr(record, name)) <= 1:
        raise ConfigError(f"{name} is a number in [0, 1], but it is {value}.")


def check_unread(record: Any, is_read: bool, reader: str, *names: str) -> None:
    """Refuse a choice that nothing would read.

    Args:
        record: has the fields.
        is_read: whether something reads them; then any value will do.
        reader: what does.
        names: the fields.

    Raises:
        ConfigError: one of them was changed, and nothing reads it.
    """
    for one in fields(record):
        if not is_read and one.name in names and getattr(record, one.name) != one.default:
            raise ConfigError(f"{one.name} is read with {reader} only, and has no effect here: leave it unchanged.")
