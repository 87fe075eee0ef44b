"""Every case of the corpus, read by `read` and `scan`, gives exactly the rows and issues that are written beside it."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import vnetflow as vf
from vnetflow.columns import COLUMN_NAMES

CORPUS = Path(__file__).parents[1] / "corpus"

# The core takes bytes as they are; this face unpacks them first (see `test_sources`).
ARCHIVES = {"gzip_is_no_json"}

CASES = sorted(path for path in CORPUS.iterdir() if path.is_dir() and any(path.glob("input.*")))


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def _placed(case: Path, folder: Path) -> Path:
    """A copy of the input under the name that the case is about."""
    source = next(case.glob("input.*"))
    settings = case / "case.json"
    name = json.loads(settings.read_text("utf-8"))["path"] if settings.exists() else source.name
    target = folder.joinpath(*name.split("/"))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())
    return target


def _rows(table: pl.DataFrame) -> list[dict[str, Any]]:
    times = pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
    return table.with_columns(times).drop("source").to_dicts()


def test_the_corpus_is_there() -> None:
    assert len(CASES) > 50


@pytest.mark.parametrize("case", [case for case in CASES if case.name not in ARCHIVES], ids=lambda case: case.name)
def test_a_case_gives_its_rows_and_issues(case: Path, tmp_path: Path) -> None:
    log = _placed(case, tmp_path)
    rows = [{name: value for name, value in row.items() if name != "source"} for row in _lines(case / "rows.ndjson")]
    issues = _lines(case / "issues.ndjson")
    if any(issue["kind"] == "not_json" for issue in issues):
        with pytest.raises(vf.InputError, match="is no flow log: expected") as caught:
            vf.read(log)
        assert issues[0]["message"] in str(caught.value)
        return

    with warnings.catch_warnings(record=True) as caught_warnings:
        warnings.simplefilter("always")
        table = vf.read(log, columns=COLUMN_NAMES)
        scanned = vf.scan(log, columns=COLUMN_NAMES).collect()
    assert _rows(table) == rows
    assert table["source"].unique().to_list() in ([], [str(log)])
    assert scanned.equals(table)
    assert len(caught_warnings) == (2 if issues else 0)

    found = vf.issues(log)
    names = ["offset", "record", "tuple", "kind", "message", "skipped"]
    assert found.select(names).to_dicts() == [{name: issue[name] for name in names} for issue in issues]
