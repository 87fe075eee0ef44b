"""Charts of what the analyses answer: `vnetflow.chart.timeline(vnetflow.timeline(logs))` and the like.

Each function has the name of the analysis whose table it draws and returns a chart of Altair, which comes with
`pip install 'vnetflow[charts]'`. Times are UTC. What a table sums up in a row without keys is drawn as `others`. The
colour-blind can tell the colours apart, and verdicts have a form of their own too.
"""

from vnetflow.chart.groups import matrix
from vnetflow.chart.ranking import conversations, top
from vnetflow.chart.spans import sessions, why
from vnetflow.chart.volume import timeline

__all__ = ["conversations", "matrix", "sessions", "timeline", "top", "why"]
