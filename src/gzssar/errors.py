"""The errors that this package raises on purpose, as one tree.

::

    GzssarError
    ├── DataError (ValueError)          an input is missing, malformed or contradicts another
    │   ├── SplitError                  the class split overlaps, leaves its range or lacks a class
    │   └── TextError                   class texts and classes do not match
    ├── ConfigError                     the arguments contradict each other
    ├── OutputError (OSError)           the output folder cannot be used
    ├── WithheldError (AttributeError)  a method tried to read what it must not see
    ├── EndpointError                   a language model's endpoint fails or gives no usable answer
    └── MissingExtraError (ImportError) an optional dependency is not installed

Each message is one sentence or two: what was expected, what came, what to do. The command line prints it and exits
with code 2.
"""

from gzssar.printable import printable

__all__ = [
    "ConfigError",
    "DataError",
    "EndpointError",
    "GzssarError",
    "MissingExtraError",
    "OutputError",
    "SplitError",
    "TextError",
    "WithheldError",
]


class GzssarError(Exception):
    """The base class: catch it to catch every error that the package raises on purpose.

    Args:
        args: the message.
        option: the name in Python of the argument that would help, if there is one.
        where: the file or clip that the message is about; a caller that knows it sets it.
    """

    def __init__(self, *args: object, option: str | None = None, where: str | None = None) -> None:
        super().__init__(*args)
        self.option, self.where = option, where

    def __str__(self) -> str:
        sentence = super().__str__()
        return sentence if self.where is None or self.where in sentence else f"{self.where}: {sentence}"

    @property
    def for_terminal(self) -> str:
        """The message, safe to print, with the option as it is written on the command line."""
        sentence = printable(str(self))
        return f"{sentence} (--{self.option.replace('_', '-')})" if self.option else sentence


class DataError(GzssarError, ValueError):
    """An input is missing, malformed or contradicts another input."""


class SplitError(DataError):
    """A class split overlaps, leaves its range, or lacks a class."""


class TextError(DataError):
    """Class texts and classes do not match."""


class ConfigError(GzssarError):
    """The arguments contradict each other or name something that does not exist.

    It is not a ValueError, because tyro would catch that and print a box of its own around the message.
    """


class OutputError(GzssarError, OSError):
    """The output folder holds something else or cannot be written."""


class WithheldError(GzssarError, AttributeError):
    """A method tried to read what it must not see: the test clips during training, or the labels, performers or names
    of clips that it is to recognize."""


class EndpointError(GzssarError):
    """A language model's endpoint cannot be reached, refuses, or gives no usable answer."""


class MissingExtraError(GzssarError, ImportError):
    """An optional dependency is not installed; the message holds the pip command."""
