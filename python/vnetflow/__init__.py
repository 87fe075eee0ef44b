"""Azure virtual network and NSG flow logs as Polars frames: right on every version, never silent about what was lost.

>>> import vnetflow as vf
>>> vf.read(vf.example_log()).height
4

In reading order: `read` and `scan` give tuples, `issues` what could not be read; all others answer
questions: `summary` what is in there, `top` who is biggest, `why` why A can't reach B, `findings` what deserves a look;
`demo` writes logs to try it on, `view` and `widget` open the viewer.
"""

from __future__ import annotations

from vnetflow import chart
from vnetflow._core import Groups, __version__
from vnetflow.analyses import explain_filter, notes, summary, top
from vnetflow.comparison import anomalies, diff
from vnetflow.demo_network import demo
from vnetflow.errors import FilterError, InputError, IssueError, IssueWarning
from vnetflow.example import example_log
from vnetflow.namespace import register
from vnetflow.reading import issues, read
from vnetflow.scanning import scan
from vnetflow.security import beacons, exposure, findings, host, scans
from vnetflow.serving import view
from vnetflow.traffic import conversations, coverage, encryption, endpoints, matrix, sessions, timeline
from vnetflow.traffic_analytics import nta
from vnetflow.verdicts import check, denied, one_way, rules, why
from vnetflow.widget import widget

__all__ = [
    "FilterError",
    "Groups",
    "InputError",
    "IssueError",
    "IssueWarning",
    "__version__",
    "anomalies",
    "beacons",
    "chart",
    "check",
    "conversations",
    "coverage",
    "demo",
    "denied",
    "diff",
    "encryption",
    "endpoints",
    "example_log",
    "explain_filter",
    "exposure",
    "findings",
    "host",
    "issues",
    "matrix",
    "notes",
    "nta",
    "one_way",
    "read",
    "rules",
    "scan",
    "scans",
    "sessions",
    "summary",
    "timeline",
    "top",
    "view",
    "why",
    "widget",
]

register()
