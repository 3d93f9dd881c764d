"""The commands, one file each: arguments and what is done with them; :mod:`gzssar.cli` is their table."""
