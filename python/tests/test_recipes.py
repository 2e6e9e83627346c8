"""The recipes of docs/scale.md, as they stand there."""

import os

import numpy as np
import pytest
from conftest import ROOT

import oodbench


def recipe(name):
    text = (ROOT / "docs" / "scale.md").read_text()
    return text.partition(f"<!-- recipe: {name} -->\n```\n")[2].partition("```")[0]


def test_recipes_are_as_short_as_the_page_says():
    text = (ROOT / "docs" / "scale.md").read_text()
    assert "recipes](#recipes) for Ray Data, Daft and Spark, of less than ten lines each" in text
    blocks = text.partition("## Recipes")[2].split("```")[1::2]
    lines = [sum(bool(line.strip()) for line in block.splitlines()) for block in blocks]
    assert len(lines) == 3 and max(lines) < 10, lines


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(8)
    return rng.normal(size=(3000, 10)).astype(np.float32), rng.random(3000) < 0.4


def expected(rows):
    logits, is_ood = rows
    energy = oodbench.score(scores="energy", logits=logits)["energy"]
    return oodbench.metrics(energy[~is_ood], energy[is_ood], "openood")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    # Workers of Ray look for modules where the driver was started, and the sources are no package.
    monkeypatch.chdir(tmp_path)


def test_daft(rows):
    daft = pytest.importorskip("daft", reason="daft is not installed; python/tests/requirements-engines.txt names it")
    frame = daft.from_pydict({"logits": list(rows[0]), "is_ood": rows[1].tolist()})
    names = {"daft": daft, "np": np, "oodbench": oodbench, "frame": frame}
    exec(recipe("daft"), names)
    assert names["total"].compute("openood") == expected(rows)


def test_ray_data(rows):
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "RAY_worker_niceness": "0"}
    ray = pytest.importorskip("ray", reason="ray is not installed; python/tests/requirements-engines.txt names it")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=200_000_000)
    try:
        data = pytest.importorskip("ray.data", reason="ray.data needs pandas and pyarrow")
        logits, is_ood = rows
        dataset = data.from_items([{"logits": z, "is_ood": bool(o)} for z, o in zip(logits, is_ood, strict=True)], override_num_blocks=5)
        names = {"oodbench": oodbench, "dataset": dataset}
        exec(recipe("ray data"), names)
        assert names["total"].compute("openood") == expected(rows)
    finally:
        ray.shutdown()
