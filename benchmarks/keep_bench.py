"""Keeps what `gzssar bench` wrote as a part of RESULTS.md.

    python benchmarks/keep_bench.py FOLDER NAME [--commit COMMIT]
    python benchmarks/report.py

Of FOLDER/bench.json it keeps the cells, without paths, as results/bench-NAME.json. The commit is that of the checkout,
whose source has to be the one that made the bench; ``--commit`` names another one.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from gzssar.files import write_text
from results import RESULTS, commit, source

ASKED = ("unseen", "split_seed", "text", "set")
"""Arguments that are kept: none that holds a path."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("name")
    parser.add_argument("--commit")
    arguments = parser.parse_args()
    path = arguments.folder / "bench.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    if not arguments.commit and result["program"]["source"] != source("bench"):
        sys.exit(f"{path} should be of the present source, but it is of another: name the commit with --commit.")
    write_text(RESULTS / f"bench-{arguments.name}.json", kept(result, arguments.commit or commit()))


def kept(result: dict[str, Any], made_at: str) -> str:
    """What the report needs, a line a cell; five digits are more than it prints."""
    about = {
        "commit": made_at,
        "source": result["program"]["source"],
        "machine": result["environment"]["machine"],
        "versions": result["program"]["versions"],
        "arguments": {name: result["arguments"][name] for name in ASKED},
        "columns": list(result["rows"][0]),
    }
    rows = [
        [round(value, 5) if isinstance(value, float) else value for value in row.values()] for row in result["rows"]
    ]
    lines = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in rows)
    head = json.dumps(about, indent=2, ensure_ascii=False).removesuffix("\n}")
    return f'{head},\n  "rows": [\n{lines}\n  ]\n}}\n'


if __name__ == "__main__":
    main()
