"""The command line `vnetflow`. A leaf: nothing else in the package imports it, and it imports click and Rich itself.

Exit codes: 0 done, 1 a check failed, 2 wrong usage or input that can't be read at all, 130 interrupted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code.

    Parameters
    ----------
    arguments
        What stands behind the program's name. Default: the process's own arguments.
    """
    try:
        from vnetflow.cli.failures import guarded
        from vnetflow.cli.interrupts import interrupts

        if arguments is None:
            interrupts.install()
        return guarded(arguments)
    except KeyboardInterrupt:
        return 130
