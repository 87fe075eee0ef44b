"""Azure virtual network and NSG flow logs as Polars frames: right on every version, never silent about what was lost.

>>> import vnetflow as vf
>>> vf.read(vf.example_log()).height
4

In reading order: `read` and `scan` give tuples, `issues` what could not be read; `summary` and `top` answer questions;
`demo` writes logs to try it on.
"""

from __future__ import annotations

from vnetflow._core import Groups, __version__
from vnetflow.analyses import explain_filter, summary, top
from vnetflow.demo_network import demo
from vnetflow.errors import FilterError, InputError, IssueError, IssueWarning
from vnetflow.example import example_log
from vnetflow.reading import issues, read
from vnetflow.scanning import scan

__all__ = [
    "FilterError",
    "Groups",
    "InputError",
    "IssueError",
    "IssueWarning",
    "__version__",
    "demo",
    "example_log",
    "explain_filter",
    "issues",
    "read",
    "scan",
    "summary",
    "top",
]
