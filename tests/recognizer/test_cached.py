"""Recognizers that are made on first use, and then kept in the cache."""

from gzssar.recognizer.cached import made_once


def test_each_name_is_made_once(on_features, tmp_path, monkeypatch):
    monkeypatch.setenv("GZSSAR_CACHE", str(tmp_path))
    made, said = [], []

    def make():
        made.append(True)
        return on_features

    for name in ("a", "a", "b", "a"):
        assert made_once(name, "models/registry.json", make, said.append).classes == on_features.classes
    assert len(made) == 2
    assert said == [str(folder) for folder in sorted((tmp_path / "models").iterdir())]
    made_once("a", "texts/data/ntu120.csv", make)  # made from something else
    assert len(made) == 3
