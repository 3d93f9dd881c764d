"""A toy world in SynSE folders: 12 classes whose skeleton features are a linear image of their texts, plus noise.

So a class nobody saw can be told from its text, by hand or by the method.
"""

from pathlib import Path

import numpy as np

CLASSES = 12
UNSEEN = (1, 5, 10)
VALIDATION_UNSEEN = (0, 4, 8)
SEEN = tuple(k for k in range(CLASSES) if k not in UNSEEN)
VALIDATION_SEEN = tuple(k for k in SEEN if k not in VALIDATION_UNSEEN)
WIDTH, TEXT_WIDTH = 8, 6


def write_synse_folder(
    root: Path,
    classes: int = CLASSES,
    unseen: tuple[int, ...] = UNSEEN,
    validation_unseen: tuple[int, ...] = VALIDATION_UNSEEN,
    dataset: str = "",
    per_class: int = 6,
    seed: int = 0,
) -> Path:
    """Write features, class split and text features below `root`, as the published folders have them.

    Args:
        root: the folder; the features lie in ``sk_feats``, the split in ``label_splits``, the texts in ``texts``.
        classes: K.
        unseen: unseen classes, in the order they are to stand in the file.
        validation_unseen: validation-unseen classes.
        dataset: "" for the older naming, else what the later one puts into folder names, such as ``ntu60``.
        per_class: clips of each class in each file.
        seed: of the world.
    """
    rng = np.random.default_rng(seed)
    texts = rng.normal(size=(classes, TEXT_WIDTH // 2, 2))
    texts = (texts / np.linalg.norm(texts, axis=2, keepdims=True)).reshape(classes, TEXT_WIDTH)  # lengths tell nothing
    means = texts @ rng.normal(size=(TEXT_WIDTH, WIDTH))
    seen = tuple(k for k in range(classes) if k not in unseen)
    rest = tuple(k for k in seen if k not in validation_unseen)
    u, dash = len(unseen), f"{dataset}_" if dataset else ""

    def clips(ids):
        """Features, labels and logits of clips of `ids`; columns of unseen classes hold -20, as in the originals."""
        labels = np.repeat(np.array(ids, dtype=np.int64), per_class)
        features = (means[labels] + 0.3 * rng.normal(size=(len(labels), WIDTH))).astype(np.float32)
        logits = -0.5 * np.square(features[:, None] - means[None]).sum(axis=2)
        logits[:, unseen] = -20.0
        return features, labels, logits.astype(np.float32)

    test, validation = root / "sk_feats" / f"shift_{dash}{u}_r", root / "sk_feats" / f"shift_{dash}val_{u}_r"
    x, y, logits = clips((*seen, *unseen))
    zero_shot = np.isin(y, unseen)
    save(test, gtest=x, g_label=y, gtest_out=logits, ztest=x[zero_shot], z_label=y[zero_shot])
    x, y, _ = clips(seen)
    save(test, train=x, train_label=y)
    x, y, _ = clips(rest)
    save(validation, train=x, train_label=y)
    x, y, logits = clips(rest)
    save(validation, val=x, val_label=y, val_out=logits)
    x, y, logits = clips(validation_unseen)
    save(validation, ztest=x, z_label=y, ztest_out=logits)
    splits = {
        f"ru{u}": unseen,
        f"rs{classes - u}": seen,
        f"rv{u}_0": validation_unseen,
        f"rs{classes - 2 * u}_0": rest,
    }
    save(root / "label_splits", **{name: np.array(ids) for name, ids in splits.items()})
    kinds = {"lb": texts[:, :2], "ad": texts[:, 2:4], "md": texts[:, 4:]}
    save(root / "texts", **{f"{kind}_{classes}": rows.astype(np.float32) for kind, rows in kinds.items()})
    return root


def save(folder: Path, **arrays: np.ndarray) -> None:
    """Write each array as ``<name>.npy``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
