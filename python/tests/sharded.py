"""A run in uneven shards, of more rows than are scored together, and what the program finds of it."""

import numpy as np

SIZES = {"id/test": [300, 0, 517, 183], "ood/far/svhn": [700], "ood/near/cifar100": [129, 200], "ood/blank": [31]}
COLUMNS = 2048


def write(folder, name, wide):
    """`wide` says which array has so many columns that 128 rows are scored together: "features" beside narrow logits, or "logits" alone."""
    rng = np.random.default_rng(7)
    run = folder / name
    classes = 16 if wide == "features" else COLUMNS
    weight = rng.normal(size=(classes, 2048)).astype(np.float32) / 50

    def rows(count, shift):
        features = rng.normal(shift, 1, (count, COLUMNS)).astype(np.float32)
        logits = features @ weight.T
        return {"logits": logits, "features": features} if wide == "features" else {"logits": logits.round(1)}

    (run / "id" / "train").mkdir(parents=True)
    for array, values in rows(400, 0).items():
        np.save(run / "id" / "train" / f"{array}.npy", values)
    np.save(run / "id" / "train" / "labels.npy", rng.integers(0, 16, 400))
    if wide == "features":
        (run / "head").mkdir()
        np.save(run / "head" / "weight.npy", weight)
        np.save(run / "head" / "bias.npy", np.zeros(classes, np.float32))
    (run / "run.toml").write_text('model = "toy"\nloss = "softmax"\nin_distribution = "cifar10"\nseed = 3\n')
    for number, (split, sizes) in enumerate(SIZES.items()):
        (run / split).mkdir(parents=True)
        for shard, size in enumerate(sizes):
            for array, values in rows(size, 0.03 * number).items():
                np.save(run / split / f"{array}-{shard:05d}.npy", values)
    return run


# A task holds two blocks of 128 rows, so there are some twenty tasks.
MEMORY = 2 * 128 * (2 * 4 * (COLUMNS + 16) + 64 * 4)
SCORES = {"features": ["energy", "mahalanobis", "knn", "vim"], "logits": ["mds", "energy"]}


def run(folder, program, wide, scores):
    """Its folder, the scores, and the records that the program makes of them."""
    written = write(folder, wide, wide)
    return written, scores, program("score", written, "--score", ",".join(scores), "--format", "json", "--quiet")
