"""The package itself: what importing it costs, its stubs, its build."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import oodbench


def test_importing_it_imports_no_numpy(tmp_path):
    code = "import sys, oodbench; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "False\n"


def test_the_stubs_have_what_the_extension_has():
    from oodbench import _oodbench

    tree = ast.parse((Path(oodbench.__file__).parent / "_oodbench.pyi").read_text())
    stubs = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    own = {name for name in dir(_oodbench) if not name.startswith("__")}
    assert {name for name in stubs if not name.startswith("_")} == own
    for name in own:
        if isinstance(stubs[name], ast.ClassDef) and not issubclass(getattr(_oodbench, name), Exception):
            said = {node.name for node in stubs[name].body if isinstance(node, ast.FunctionDef)}
            there = {member for member in vars(getattr(_oodbench, name)) if not member.startswith("_")}
            assert {member for member in said if not member.startswith("_")} == there, name
    assert (Path(oodbench.__file__).parent / "py.typed").exists()


def test_mypy_agrees_with_the_stubs(tmp_path):
    pytest.importorskip("mypy")
    # Made by PyO3 of the names that the other test compares.
    (tmp_path / "allowed").write_text("oodbench\\._oodbench\\.__all__\n")
    stubtest = [sys.executable, "-m", "mypy.stubtest", "oodbench._oodbench", "--ignore-disjoint-bases", "--allowlist", "allowed"]
    done = subprocess.run(stubtest, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_everything_public_is_documented():
    for name in oodbench.__all__:
        if name not in ("sklearn",):
            assert getattr(oodbench, name).__doc__, name
    for kind in (oodbench.Cuts, oodbench.Detector, oodbench.Fits, oodbench.KeyCounts, oodbench.Metrics, oodbench.Ranking, oodbench.Records, oodbench.Run):
        for name, member in vars(kind).items():
            if not name.startswith("_"):
                assert member.__doc__, f"{kind.__name__}.{name}"


def test_its_version_is_that_of_the_workspace():
    tomllib = pytest.importorskip("tomllib")
    assert tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"] == oodbench.__version__


def _has_torch():
    try:
        import torch  # noqa: F401
    except ImportError:
        return False
    return True


def test_the_examples_of_the_documents_run(tmp_path, monkeypatch):
    pages = [ROOT / "README.md", ROOT / "docs" / "python.md", ROOT / "docs" / "scale.md"]
    texts = [page.read_text() for page in pages]
    blocks = [block.split("```", 1)[0] for text in texts for block in text.split("```python\n")[1:]]
    blocks = [block for block in blocks if "import oodbench" in block]
    assert len(blocks) >= 3
    monkeypatch.chdir(tmp_path)
    for block in blocks:
        if "import torch" in block and not _has_torch():
            continue
        exec(compile(block, "a document", "exec"), {})
