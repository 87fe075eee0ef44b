"""JSON (and YAML) that a user hands over: a file, text, or what was read from one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vnetflow import _core

if TYPE_CHECKING:
    from typing import TypeAlias

    DocumentLike: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any]"
    """A file's name, JSON text, or the object itself."""


def json_of(document: DocumentLike, name: str) -> str:
    """Give the document as JSON text; YAML files are read where PyYAML is installed."""
    if isinstance(document, Mapping):
        return json.dumps(dict(document))
    if isinstance(document, str) and document.lstrip().startswith("{"):
        return document
    if not isinstance(cast("object", document), (str, os.PathLike)):
        raise TypeError(f"expected a file, JSON text or a dict in `{name}`, found {type(document).__name__}")
    path = Path(document).expanduser()
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise FileNotFoundError(f"`{path}` does not exist: give a JSON file in `{name}`") from None
    except UnicodeDecodeError:
        raise _core.InputError(f"`{path}` is no text: give a JSON file in `{name}`") from None
    if path.suffix.lower() in (".yaml", ".yml"):
        return json.dumps(_from_yaml(text, path))
    return text


def _from_yaml(text: str, path: Path) -> Any:
    import importlib

    try:
        yaml: Any = importlib.import_module("yaml")
    except ImportError:
        message = f"can't read `{path}`: YAML needs PyYAML, so `pip install pyyaml`, or save it as JSON"
        raise _core.InputError(message) from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _core.InputError(f"`{path}` is no YAML: {str(error).splitlines()[0]}") from None
