"""Frozen dataclasses of choices, checked when they are made: the type checker does not see what a user passes in."""

from dataclasses import fields
from typing import Any, Literal, get_args, get_origin

from gzssar.errors import ConfigError


def check_choices(record: Any) -> None:
    """Refuse values that are none of a field's choices.

    Raises:
        ConfigError: a field with a Literal type holds something else.
    """
    for one in fields(record):
        choices, value = get_args(one.type), getattr(record, one.name)
        if get_origin(one.type) is Literal and value not in choices:
            raise ConfigError(f"{one.name} is one of {', '.join(map(str, choices))}, but {value!r} came.")


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
