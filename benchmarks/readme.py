"""Runs scripts/demo or scripts/test, and keeps what it prints for README.md.

    python benchmarks/readme.py demo|tests
    python benchmarks/report.py

The demo starts anew, in an empty folder. Of the tests' output some lines are kept; […] stands for the others.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby

from results import CHECKOUT, origin, write

SCRIPTS = {"demo": "demo", "tests": "test"}
TELLING = re.compile(
    r"All checks passed!|\d+ files already formatted|Success: |Contracts: |.* (KEPT|BROKEN)$|.*\d+ passed.* in "
)
"""How lines of the tests' output begin that are kept."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=SCRIPTS)
    what = parser.parse_args().what
    about = origin(what) | {"date": f"{date.today()}"}
    script = CHECKOUT / "scripts" / SCRIPTS[what]
    printed = []
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "COLUMNS": "80"}
        with subprocess.Popen([script], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                print(line, end="", flush=True)
                printed.append(line.rstrip())
    if process.returncode:
        sys.exit(f"{script} should end with 0, but it ended with {process.returncode}: nothing is kept.")
    write(what, {**about, "text": "\n".join(shown(what, printed)) + "\n"})


def shown(what: str, printed: Iterable[str]) -> list[str]:
    """What README.md shows of it, without paths of this machine."""
    lines = [line.replace(f"{CHECKOUT.resolve()}/", "") for line in printed]
    return lines if what == "demo" else list(_telling(lines))


def _telling(lines: Iterable[str]) -> Iterator[str]:
    for telling, some in groupby((line for line in lines if line), lambda line: bool(TELLING.match(line))):
        yield from some if telling else ("[…]",)


if __name__ == "__main__":
    main()
