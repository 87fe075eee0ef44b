"""What is shipped, and the rules that keep the package in shape."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import vnetflow as vf

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "vnetflow"
MODULES = sorted(PACKAGE.rglob("*.py"))


def _imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Modules that a file imports, and whether it does so when it is imported itself."""
    tree = ast.parse(path.read_text("utf-8"))
    late = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) not in late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, id(node) not in late


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_keeps_the_house_rules(path: Path) -> None:
    imports = list(_imports(path))
    in_cli = "cli" in path.relative_to(PACKAGE).parts
    at_once = {name.partition(".")[0] for name, is_at_once in imports if is_at_once}
    assert "polars" not in at_once
    if not in_cli:
        assert not {"click", "rich"} & at_once
        assert not any(name.startswith("vnetflow.cli") for name, _ in imports) or path.name == "__main__.py"
    assert ("polars.io.plugins" in {name for name, _ in imports}) == (path.name == "scanning.py")
    assert path.stem not in {"utils", "common", "misc", "helpers"}
    text = path.read_text("utf-8")
    assert text.startswith(('"""', 'r"""'))
    assert len(text.splitlines()) <= 400


@pytest.mark.parametrize("name", [name for name in vf.__all__ if inspect.isfunction(getattr(vf, name))])
def test_a_public_function_is_documented_in_full(name: str) -> None:
    function = getattr(vf, name)
    text = inspect.getdoc(function) or ""
    parameters = inspect.signature(function).parameters
    for section in ("Returns", "Examples", *(["Parameters"] if parameters else [])):
        assert re.search(rf"^{section}\n-+$", text, flags=re.MULTILINE), section
    documented = text.partition("Parameters\n")[2].partition("Returns\n")[0]
    for parameter in parameters:
        assert re.search(rf"^(\w+, )*{parameter}(, \w+)*$", documented, flags=re.MULTILINE), parameter
    # What a question is about may stand without its name; how it is answered may not.
    subjects = {"columns", "after", "src", "dst", "port", "ip", "policy"}
    options = [parameter for parameter in list(parameters.values())[1:] if parameter.name not in subjects]
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in options)
    assert ">>> " in text


def test_the_source_distribution_holds_what_it_needs_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "maturin", "sdist", "--out", str(tmp_path)], cwd=ROOT, capture_output=True, check=True
    )
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"Cargo.toml", "Cargo.lock", "pyproject.toml", "README.md", "core/src/lib.rs", "python/vnetflow/py.typed"}
    assert needed <= names
    folders = {name.split("/")[0] for name in names if "/" in name}
    assert folders == {"core", "python", "tests"}
    assert all(name.startswith("tests/demo/") for name in names if name.startswith("tests/"))
    assert not any(name.endswith((".so", ".pyc")) for name in names)


def test_the_package_is_small_with_the_viewer_in_it(tmp_path: Path) -> None:
    site = PACKAGE / "viewer_site"
    if not site.is_dir():
        pytest.skip("needs the viewer: make viewer")
    names = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert {"index.html", "single.html"} <= names
    assert not any("offline" in name or "engine" in name or "bench" in name for name in names)
    packed = tmp_path / "package.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in PACKAGE.rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                archive.write(path, path.relative_to(PACKAGE))
    assert packed.stat().st_size < 6_000_000


@pytest.mark.slow
def test_the_wheel_is_small_and_fits_every_python(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "maturin", "build", "--release", "--out", str(tmp_path)], cwd=ROOT, check=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    assert "-cp310-abi3-" in wheel.name
    assert wheel.stat().st_size < 6_000_000, "with the viewer, if it is built"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "vnetflow/py.typed" in names
    assert "vnetflow/_core.pyi" in names
    if (PACKAGE / "viewer_site").is_dir():
        assert {"vnetflow/viewer_site/index.html", "vnetflow/viewer_site/single.html"} <= set(names)
