"""`vnetflow view`: the viewer in the foreground, until Ctrl-C."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from vnetflow.cli.options import standard_input
from vnetflow.serving import Viewer, start_of
from vnetflow.viewer_files import files_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vnetflow.sources import OneSource


def serve(
    source: Sequence[str],
    *,
    groups: str | None,
    nsg: str | None,
    policy: str | None,
    filter: str | None,
    port: int,
    no_browser: bool,
) -> None:
    """Serve the viewer, say where, and wait."""
    inputs: list[OneSource] = [standard_input() if one == "-" else one for one in source]
    files = files_of(inputs or None, groups=groups, nsg=nsg, policy=policy)
    with Viewer(files, port=port, start=start_of(filter)) as viewer, contextlib.suppress(KeyboardInterrupt):
        # Standard output, and at once: a program that starts this reads the address there.
        click.echo(viewer.url)
        click.echo("Ctrl-C ends it", err=True)
        if not no_browser:
            viewer.show()
        viewer.wait()
