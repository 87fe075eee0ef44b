"""What the signatures and the help of all functions share: written once, shown in full at each of them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

from vnetflow.arguments import COMMON_DEFAULTS, Common

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., Any]")

_SOURCE = """\
source
    A file, a folder (searched for `*.json`, `*.json.gz`, `*.zip`), a glob, bytes, a binary file object, a list of
    these, or tuples in memory (a Polars frame, anything with an Arrow C stream)."""

_COMMON = """\
filter
    Keeps the tuples for which this expression is true, such as `"dst port 22 and denied"`. What it leaves out is
    never turned into rows.
start, end
    Keeps the tuples logged from `start` to before `end`. A datetime, a date or ISO text; without a zone it is UTC.
    Whole files are skipped where their path tells the hour.
mac
    Keeps what was captured at this NIC or these NICs: 12 hexadecimal digits, with or without `:` and `-`.
groups
    Names for networks, for `group` in the filter and for keys by group: a CSV or JSON file, a dict, or `Groups`.
vantage
    `"all"` takes a flow at every NIC that logged it, `"once"` at one of them: the NIC of its destination, else of its
    source, else another one. That reads the source twice; `notes` of the result tells by how much all NICs
    over-count. Default: `"all"`.
duplicates
    `"drop"` leaves out records that are repeated as a whole (files that were downloaded twice). Equal tuples inside
    one record are separate events and always stay. Default: `"keep"`.
on_issue
    `"warn"`, `"raise"` or `"ignore"` when something can't be read. Default: `"warn"`.
progress
    Whether a progress bar is drawn on standard error. Default: when a person looks on."""

_RAISES = """\
FileNotFoundError, PermissionError
    Where the source can't be opened.
vnetflow.InputError
    Where nothing in the source is a flow log, or an argument can't be used.
vnetflow.FilterError
    Where the filter can't be read; the message names the column and a near match.
vnetflow.IssueError
    Where something can't be read and `on_issue="raise"`."""


def takes_common(function: Function) -> Function:
    """Show the keyword arguments of `Common` one by one in the function's signature and help.

    The docstring names the function's own parameters alone, and errors only where they are its own.
    """
    signature = inspect.signature(function)
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    annotations = {name: hint.__forward_arg__ for name, hint in Common.__annotations__.items()}
    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotations[name])
        for name, default in COMMON_DEFAULTS.items()
    ]
    vars(function)["__signature__"] = signature.replace(parameters=own + common)
    function.__doc__ = _with_common(inspect.cleandoc(function.__doc__ or ""))
    return function


def _with_common(text: str) -> str:
    """Add the shared paragraphs to a docstring in NumPy's form, whose sections come in a fixed order."""
    head, found, own = text.partition(_title("Parameters"))
    own, returns, tail = (own if found else head).partition(_title("Returns"))
    if not found:
        head, own = own, ""
    parameters = "\n".join(part for part in (_SOURCE, own.strip("\n"), _COMMON) if part)
    results, examples, tail = tail.partition(_title("Examples"))
    if "vnetflow.InputError" not in results:
        results = results.rstrip("\n")
        results += ("\n" if _title("Raises") in results else f"\n\n{_title('Raises')}") + f"{_RAISES}\n\n"
    return f"{head}{_title('Parameters')}{parameters}\n\n{returns}{results}{examples}{tail}"


def _title(name: str) -> str:
    return f"{name}\n{'-' * len(name)}\n"
