"""JSON and YAML that a user hands over: a file, text, or what was read from one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from vnetflow import _core

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    DocumentLike: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any]"
    """A file's name, JSON text, or the object itself."""


def json_of(document: DocumentLike, name: str) -> str:
    """Give the document as JSON text; `name` is the argument it was passed in."""
    if isinstance(document, Mapping):
        return json.dumps(dict(document))
    if isinstance(document, str) and document.lstrip().startswith("{"):
        return _checked(document, f"the text in `{name}`")
    if not isinstance(cast("object", document), (str, os.PathLike)):
        raise TypeError(f"expected a file, JSON text or a dict in `{name}`, found {type(document).__name__}")
    path = Path(document).expanduser()
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise FileNotFoundError(f"`{path}` does not exist: give a JSON or YAML file in `{name}`") from None
    except UnicodeDecodeError:
        raise _core.InputError(f"`{path}` is no text: give a JSON or YAML file in `{name}`") from None
    if path.suffix.lower() in (".yaml", ".yml"):
        return _from_yaml(text, path)
    return _checked(text, f"`{path}`")


def _checked(text: str, place: str) -> str:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        message = f"{place} is no JSON: line {error.lineno}, column {error.colno}"
        raise _core.InputError(f"{message} is where it stops being so") from None
    return text


def _from_yaml(text: str, path: Path) -> str:
    import yaml

    try:
        return json.dumps(yaml.safe_load(text))
    except yaml.MarkedYAMLError as error:
        place = "" if error.problem_mark is None else f" in line {error.problem_mark.line + 1}"
        raise _core.InputError(f"`{path}` is no YAML: {error.problem}{place}") from None
    except yaml.YAMLError as error:
        raise _core.InputError(f"`{path}` is no YAML: {str(error).splitlines()[0]}") from None
    except TypeError:
        raise _core.InputError(f"`{path}` holds dates or other values that JSON has not: put them in quotes") from None
