import dataclasses
from pathlib import Path

import numpy as np
import pytest

from evaluation_world import World
from gzssar.errors import DataError
from gzssar.evaluation.record import load_record, save_record


def test_what_is_loaded_is_what_was_saved(tmp_path: Path, world: World) -> None:
    record = world.records[0]
    save_record(tmp_path / "seed-1.npz", record)
    loaded = load_record(tmp_path / "seed-1.npz")
    assert (loaded.seed, loaded.scores, loaded.seconds, loaded.extra) == (
        record.seed,
        record.scores,
        record.seconds,
        record.extra,
    )
    np.testing.assert_equal(dataclasses.asdict(loaded.answers), dataclasses.asdict(record.answers))
    np.testing.assert_equal(dict(loaded.curves), dict(record.curves))
    np.testing.assert_equal(loaded.latents, record.latents)
    np.testing.assert_equal(loaded.text_latents, record.text_latents)
    assert [path.name for path in tmp_path.iterdir()] == ["seed-1.npz"]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_record_is_refused(tmp_path: Path, world: World, share: float) -> None:
    path = tmp_path / "seed-1.npz"
    save_record(path, world.records[0])
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=r"seed-1\.npz .* delete it"):
        load_record(path)


def test_a_flipped_byte_raises_nothing_but_data_error(tmp_path: Path, world: World) -> None:
    path = tmp_path / "seed-1.npz"
    save_record(path, world.records[0])
    content = path.read_bytes()
    refused = 0
    for position in (*range(0, len(content), len(content) // 50), *range(len(content) - 200, len(content))):
        broken = bytearray(content)
        broken[position] ^= 0xFF
        path.write_bytes(broken)
        try:
            load_record(path)
        except DataError:
            refused += 1
    assert refused > 100  # zip guards its content; a date or a comment may change


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", something=np.zeros(3))
    np.savez(tmp_path / "header.npz", header=np.array("[1, 2]"))
    np.save(tmp_path / "array.npy", np.zeros(3))
    (tmp_path / "text.npz").write_text("seed 1: H 61.3")
    for path in tmp_path.iterdir():
        with pytest.raises(DataError):
            load_record(path)
    with pytest.raises(DataError):
        load_record(tmp_path / "missing.npz")
