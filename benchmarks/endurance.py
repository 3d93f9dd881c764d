"""The page under mixed load for a long time; writes ``results/endurance.json``.

    python benchmarks/endurance.py [--model FOLDER] [--minutes 60] [--clients 8]

Clients ask what a clip shows, with and without classes of their own, let it be drawn and explained, send files that are
damaged, too large or expensive, and leave before the answer. Memory and open files of the server and of the processes
that it starts are noted each second; those of the last quarter may not exceed those of the second by a tenth.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

from gzssar.synthetic import SyntheticWorld
from results import origin, write
from serving import as_npy
from uploads import matlab, memory_mb, pickled

BUSY = (503, 504)
GROWTH = 1.1
OWN = json.dumps([{"label": "pour tea", "action": "fill a cup", "motion": "one hand tilts a pot over a cup"}])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--clients", type=int, default=8)
    arguments = parser.parse_args()
    about = origin("endurance")
    clip = as_npy(SyntheticWorld(seed=1, clips_per_class=1, subject_count=1).clips().joints[0])[1]
    command = [sys.executable, "-m", "gzssar", "serve", "--port", "0"]
    command += [str(arguments.model)] if arguments.model else []
    over, lock = threading.Event(), threading.Lock()
    took: list[float] = []
    statuses: Counter[str] = Counter()
    noted: list[tuple[float, int]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().split()[2]
        kinds = requests(clip)

        def visit(number: int) -> None:
            draw = random.Random(number)
            while not over.is_set():
                name, path, fields, body, wanted = draw.choice(kinds)
                started = time.perf_counter()
                status = post(address + path, fields, body, leave=name == "leaves")
                with lock:
                    good = status in wanted or status in BUSY or (name == "leaves" and status == 0)
                    statuses[f"{name}: {status}{'' if good else ' (wrong)'}"] += 1
                    if name == "asks" and status == 200:
                        took.append(time.perf_counter() - started)

        threads = [threading.Thread(target=visit, args=(number,)) for number in range(arguments.clients)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + 60 * arguments.minutes
        while time.monotonic() < end:
            noted.append((memory_mb(server.pid), len(list(Path(f"/proc/{server.pid}/fd").iterdir()))))
            time.sleep(1)
        over.set()
        for thread in threads:
            thread.join()
        server.terminate()
    quarter = len(noted) // 4
    second, last = noted[quarter : 2 * quarter], noted[-quarter:]
    memory, files = ([statistics.median(one[k] for one in part) for part in (second, last)] for k in (0, 1))
    result = {
        **about,
        "minutes": arguments.minutes,
        "clients": arguments.clients,
        "requests": statuses.total(),
        "answered with the wrong status": sum(count for name, count in statuses.items() if name.endswith("(wrong)")),
        "p50 of asking, ms": 1e3 * statistics.median(took),
        "p99 of asking, ms": 1e3 * sorted(took)[int(0.99 * len(took))],
        "memory in the second quarter, MB": memory[0],
        "memory in the last quarter, MB": memory[1],
        "largest memory, MB": max(one for one, _ in noted),
        "open files in the second quarter": files[0],
        "open files in the last quarter": files[1],
        "statuses": dict(sorted(statuses.items())),
    }
    print(json.dumps(result, indent=2))
    assert not result["answered with the wrong status"]
    assert memory[1] < GROWTH * memory[0]
    assert files[1] < GROWTH * files[0] + 8
    write("endurance", result)


Kind = tuple[str, str, dict[str, str], bytes | None, tuple[int, ...]]
"""A name, a path, fields, a file, and the statuses that are right."""


def requests(clip: bytes) -> list[Kind]:
    """All kinds of requests; a visitor who just asks comes four times as often."""
    known = {"layout": "ntu25", "fps": "30"}
    return [
        *[("asks", "/api/predict", known, clip, (200,))] * 4,
        ("asks with a class", "/api/predict", {**known, "classes": OWN}, clip, (200,)),
        ("draws", "/api/clip", known, clip, (200,)),
        ("names no class", "/api/explain", {**known, "label": "no such class"}, clip, (404, 422)),
        ("damaged", "/api/predict", known, clip[: len(clip) // 2], (422,)),
        ("unknown", "/api/predict", known, b"hello", (422,)),
        ("too large", "/api/predict", known, bytes(17 * 2**20), (413, 422)),
        ("expensive", "/api/predict", known, matlab(2**20, 63 * 2**20), (422,)),
        ("many", "/api/predict", known, pickled(1_000_000), (422,)),
        ("leaves", "/api/predict", known, clip, (200,)),
    ]


def post(address: str, fields: dict[str, str], body: bytes | None, leave: bool) -> int:
    """The status of the answer; 0 where there was none."""
    boundary = "clip-boundary"
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="clip"; filename="clip"\r\n\r\n'
    data = "".join(parts).encode() + head.encode() + (body or b"") + f"\r\n--{boundary}--\r\n".encode()
    request = urllib.request.Request(
        address, data, {"Content-Type": f"multipart/form-data; boundary={boundary}", "Connection": "close"}
    )
    try:
        with urllib.request.urlopen(request, timeout=0.02 if leave else 60) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.read()
        return error.code
    except OSError:
        return 0


if __name__ == "__main__":
    main()
