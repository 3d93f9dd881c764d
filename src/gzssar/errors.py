"""Everything this package raises on purpose, as one tree.

::

    GzssarError
    ├── DataError (ValueError)          an input is missing, malformed or contradicts another
    │   ├── SplitError                  the class split overlaps, leaves its range or lacks a class
    │   └── TextError                   class texts and classes do not match
    ├── ConfigError                     the arguments contradict each other
    ├── OutputError (OSError)           the output folder cannot be used
    ├── WithheldError (AttributeError)  a method reached for what it must not see
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
    """Root of the tree: catch this to catch every error the package raises on purpose.

    Args:
        args: the sentence.
        option: the argument that would help, by its name in Python, where one would.
        where: the file or clip that the sentence is about; set it on an error on its way up to those who know.
    """

    def __init__(self, *args: object, option: str | None = None, where: str | None = None) -> None:
        super().__init__(*args)
        self.option, self.where = option, where

    def __str__(self) -> str:
        sentence = super().__str__()
        return sentence if self.where is None or self.where in sentence else f"{self.where}: {sentence}"

    @property
    def for_terminal(self) -> str:
        """The sentence, safe to print, with the option as the command line spells it."""
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

    No ValueError: tyro would catch that and draw a box of its own around the sentence.
    """


class OutputError(GzssarError, OSError):
    """The output folder holds something else or cannot be written."""


class WithheldError(GzssarError, AttributeError):
    """A method reached for what it must not see: labels, performers or names of clips to be recognized, or the test
    clips."""


class EndpointError(GzssarError):
    """A language model's endpoint cannot be reached, refuses, or gives no usable answer."""


class MissingExtraError(GzssarError, ImportError):
    """An optional dependency is not installed; the message holds the pip command."""
