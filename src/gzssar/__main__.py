"""``python -m gzssar`` is ``gzssar``."""

from gzssar.cli import main

if __name__ == "__main__":
    main()
