"""The documentation says what is so: its commands and code run, its tables are those of the core."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from vnetflow import _core

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

TYPES = {
    "time_ms": "Datetime[ms, UTC]",
    "address": "String",
    "u8": "UInt8",
    "u16": "UInt16",
    "u64": "UInt64",
    "text": "Categorical",
}


def code_blocks(text: str, language: str) -> list[str]:
    """Give the fenced blocks of that language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def folder_with_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder to run the documentation in, with the demo network's logs in `demo`."""
    folder = tmp_path_factory.mktemp("readme")
    subprocess.run([sys.executable, "-m", "vnetflow", "demo", "demo"], cwd=folder, check=True)
    policy = "groups: {spoke2: [10.1.2.0/24]}\nallow: [{from: spoke2, to: any}, {from: any, to: spoke2}]\n"
    (folder / "policy.yaml").write_text(policy, encoding="utf-8")
    return folder


def test_every_command_of_the_readme_runs(folder_with_demo: Path) -> None:
    lines = [line for block in code_blocks(README, "console") for line in block.splitlines()]
    commands = [shlex.split(line, comments=True) for line in lines if line.startswith("vnetflow ")]
    assert len(commands) >= 15
    for command in commands:
        # The one ran before; the other goes on until Ctrl-C, and its own test opens it in a browser.
        if command[1] in ("demo", "view"):
            continue
        result = subprocess.run(
            [sys.executable, "-m", *command], cwd=folder_with_demo, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, (command, result.stderr)
        assert "Traceback" not in result.stderr


def test_what_the_readme_shows_is_what_is_printed(folder_with_demo: Path) -> None:
    (shown,) = code_blocks(README, "text")
    command = "why demo --src 10.1.2.20 --dst 10.1.1.4 --port 22"
    result = subprocess.run(
        [sys.executable, "-m", "vnetflow", *command.split()],
        cwd=folder_with_demo,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.startswith(shown.rstrip("…\n "))


def test_the_python_code_of_the_readme_runs(folder_with_demo: Path) -> None:
    blocks = code_blocks(README, "python")
    assert blocks
    subprocess.run([sys.executable, "-c", "\n".join(blocks)], cwd=folder_with_demo, check=True)


def test_the_page_of_columns_is_the_core_s_table() -> None:
    rows = ["| column | type | null | meaning |", "|---|---|---|---|"]
    for name, column_type, nullable, default, meaning in _core.COLUMNS:
        kind, _, names = column_type.partition(":")
        shown = "Enum: " + ", ".join(f"`{value}`" for value in names.split(",")) if kind == "enum" else TYPES[kind]
        note = "" if default else "; only when asked for by `columns=`"
        rows.append(f"| `{name}` | {shown} | {'yes' if nullable else ''} | {meaning}{note} |")
    page = (ROOT / "docs" / "columns.md").read_text(encoding="utf-8")
    assert "\n".join(rows) in page, "docs/columns.md should hold:\n" + "\n".join(rows)


def test_links_between_documents_lead_somewhere() -> None:
    pages = [ROOT / "README.md", *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"
