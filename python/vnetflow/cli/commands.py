"""The commands: options in, one call of the package, a result out."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from vnetflow import _core, analyses
from vnetflow.analyses import KEYS, METRICS
from vnetflow.analyses import explain_filter as explain_filter_text
from vnetflow.cli.analyses import add_analyses
from vnetflow.cli.failures import INTERRUPTED, READER_GONE, say, silence_stdout
from vnetflow.cli.options import one_of, request_of, result_options, shared_options, vantage_option
from vnetflow.cli.output import Target
from vnetflow.columns import COLUMN_NAMES, chosen_columns
from vnetflow.demo_network import DEMO_FORMATS, write_demo
from vnetflow.near_match import check_choice, unknown_name

_SHELLS = ("bash", "zsh", "fish")


class _Commands(click.Group):
    """A group that names near matches of a mistyped command, and ends quietly when interrupted."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and _hyphenated(args[0]) not in self.commands:
            raise click.UsageError(unknown_name("command", args[0], self.commands), ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            silence_stdout()
            raise click.exceptions.Exit(READER_GONE) from None


def _hyphenated(name: str) -> str:
    # Commands and options go by the names of functions and parameters, whichever way these are written.
    return name.replace("_", "-")


_CONTEXT = {
    "help_option_names": ["-h", "--help"],
    "max_content_width": 100,
    "token_normalize_func": _hyphenated,
}


@click.group(cls=_Commands, context_settings=_CONTEXT)
@click.version_option(_core.__version__, message="vnetflow %(version)s")
def commands() -> None:
    """Read Azure virtual network and NSG flow logs.

    SOURCE is a file, a folder (searched for *.json, *.json.gz, *.zip), a glob, or - for standard input.
    """


@commands.command()
@shared_options
@vantage_option
@result_options
def summary(source: tuple[str, ...], **options: Any) -> None:
    """Tell what is in the logs."""
    target = Target.of(options)
    request = request_of(source, options)
    table = analyses.summary(request.inputs, **request.common)

    def draw() -> str:
        from vnetflow.cli.tables import summary_text

        return summary_text(table)

    target.write(table, draw, is_one_object=True)
    request.tell_left_out()
    request.tell_notes(analyses.notes(table))
    repeated = table["repeated_records"].item()
    if repeated and not request.quiet and not request.settings.drop_duplicates:
        records = "1 repeated record counts" if repeated == 1 else f"{repeated} repeated records count"
        say(f"{records} again; `--duplicates drop` leaves them out")


@commands.command()
@shared_options
@vantage_option
@click.option(
    "--by",
    default=("src_ip",),
    multiple=True,
    metavar="KEY",
    shell_complete=one_of(*KEYS),
    help="What to group by; several joined by commas, or repeated. Default: src_ip.",
)
@click.option(
    "--metric",
    default="bytes",
    metavar="NAME",
    shell_complete=one_of(*METRICS),
    help="Counter that decides. Default: bytes.",
)
@click.option("--n", default=10, metavar="NUMBER", help="How many. Default: 10.")
@click.option("--bottom", is_flag=True, help="The smallest instead of the biggest.")
@result_options
def top(source: tuple[str, ...], by: tuple[str, ...], metric: str, n: int, bottom: bool, **options: Any) -> None:
    """Tell who is biggest, by any key and any counter."""
    target = Target.of(options)
    request = request_of(source, options)
    keys = [key.strip() for joined in by for key in joined.split(",")]
    table = analyses.top(request.inputs, by=keys, metric=metric, n=n, bottom=bottom, **request.common)

    def draw() -> str:
        from vnetflow.cli.tables import top_text

        return top_text(table, table.columns[: table.columns.index("tuples")], n)

    target.write(table, draw)
    request.tell_left_out()
    request.tell_notes(analyses.notes(table))


add_analyses(commands)


@commands.command()
@shared_options
@result_options
def issues(source: tuple[str, ...], **options: Any) -> None:
    """List what could not be read, with its place in the file."""
    target = Target.of(options)
    request = request_of(source, options)
    analyses.summary(request.inputs, **request.common)
    table = request.reports[0].table

    def draw() -> str:
        from vnetflow.cli.tables import issues_text

        return issues_text(table)

    target.write(table, draw)


@commands.command()
@shared_options
@vantage_option
@click.argument("out", type=click.Path(readable=False))
@click.option(
    "--to",
    "form",
    metavar="parquet|csv|ndjson|arrow|nta|zeek|ecs|ocsf",
    shell_complete=one_of("parquet", "csv", "ndjson", "arrow", "nta", "zeek", "ecs", "ocsf"),
    help="Form of the tuples. nta: Traffic Analytics' rows, in the form that OUT ends in. zeek: sessions as Zeek's "
    "conn.log. ecs, ocsf: JSON lines in Elastic Common Schema, or as OCSF Network Activity. Default: by its ending.",
)
@click.option("--columns", metavar="NAMES", shell_complete=one_of(*COLUMN_NAMES), help="Columns, joined by commas.")
@click.option("--ip", default="string", metavar="string|categorical|binary", help="Form of addresses. Default: string.")
@click.option(
    "--interval-minutes", type=int, metavar="NUMBER", help="With --to nta: an interval's length. Default: 60."
)
@click.option("--sites", multiple=True, metavar="GROUP", help="With --to nta: a group on a site's side; repeat it.")
@click.option("--clients", multiple=True, metavar="GROUP", help="With --to nta: a group of VPN clients; repeat it.")
@click.option("--force", is_flag=True, help="Overwrite what exists.")
def convert(source: tuple[str, ...], out: str, **options: Any) -> None:
    """Write the tuples as Parquet, CSV, NDJSON or Arrow to OUT, or in the words of another tool."""
    from vnetflow.cli.conversion import LINE_FORMS, convert_to_lines, convert_to_nta, convert_tuples, target_form

    to: str | None = options.pop("form")
    form = target_form(out, None if to == "nta" else to, force=options.pop("force"))
    names: str | None = options.pop("columns")
    columns = chosen_columns(None if names is None else [name.strip() for name in names.split(",")])
    ip: str = options.pop("ip")
    own = {name: options.pop(name) for name in ("interval_minutes", "sites", "clients")}
    own = {name: value for name, value in own.items() if value not in (None, ())}
    request = request_of(source, options)
    if own and to != "nta":
        option = next(iter(own)).replace("_", "-")
        raise ValueError(f"`--{option}` belongs to Traffic Analytics' rows: give `--to nta` too, or leave it out")
    if names is not None and to in ("nta", *LINE_FORMS):
        raise ValueError(f"the columns of `{to}` are fixed: leave out `columns`")
    if to == "nta":
        convert_to_nta(request, out, form, **own)
    elif form in LINE_FORMS:
        convert_to_lines(request, out, form)
    else:
        convert_tuples(request, out, form, columns, ip)
    request.tell_left_out()
    for report in request.reports:
        request.tell_notes(report.notes)


@commands.command()
@click.argument("source", nargs=-1, type=click.Path(readable=False))
@click.option("--groups", metavar="FILE", type=click.Path(readable=False), help="Names for networks: CSV or JSON.")
@click.option("--nsg", metavar="FILE", type=click.Path(readable=False), help="The exported NSG, for rules never hit.")
@click.option("--policy", metavar="FILE", type=click.Path(readable=False), help="A policy, for its violations.")
@click.option("--filter", metavar="EXPRESSION", help="What is shown at first: 'port 22 and denied'.")
@click.option("--port", default=0, metavar="NUMBER", help="Port on this machine. Default: any that is free.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
def view(source: tuple[str, ...], **options: Any) -> None:
    """Open the viewer in the browser, on SOURCE if one is given. It ends with Ctrl-C.

    Only this machine can reach it, under an address that holds a secret.
    """
    from vnetflow.cli.viewing import serve

    serve(source, **options)


@commands.command()
@click.argument("out", type=click.Path(readable=False))
@click.option("--hours", default=2, metavar="NUMBER", help="Hours of logs. Default: 2.")
@click.option("--rate", default=20_000, metavar="NUMBER", help="Tuples an hour, about. Default: 20,000.")
@click.option("--seed", default=1, metavar="NUMBER", help="The same seed gives the same logs. Default: 1.")
@click.option("--start", metavar="TIME", help="First hour. Default: 2024-05-01T09:00Z.")
@click.option(
    "--nossh-from-hour", type=int, metavar="NUMBER", help="Hour from which on SSH is denied. Default: half way."
)
@click.option(
    "--format",
    default="vnet",
    metavar="|".join(DEMO_FORMATS),
    shell_complete=one_of(*DEMO_FORMATS),
    help="Log format. Default: vnet.",
)
@click.option("--quiet", is_flag=True, help="Write nothing but errors.")
def demo(out: str, quiet: bool, **options: Any) -> None:
    """Write a made-up network's logs to the folder OUT."""
    written = write_demo(out, **options)
    if quiet:
        return
    folder = shlex.quote(out)
    groups = shlex.quote(str(Path(out, "groups.csv")))
    click.echo(f"wrote {written['tuples']:,} tuples in {written['files']:,} files to {folder}")
    click.echo("next:")
    click.echo(f"  vnetflow summary {folder}")
    click.echo(f"  vnetflow top {folder} --by pair --n 5")
    click.echo(f"  vnetflow top {folder} --by src_group,dst_group --groups {groups}")
    click.echo(f"  vnetflow top {folder} --filter 'dst port 22 and denied' --by src_ip --metric denied")


@commands.command("explain-filter")
@click.argument("expression")
@click.option("--groups", metavar="FILE", type=click.Path(readable=False), help="Names for networks: CSV or JSON.")
def explain_filter(expression: str, groups: str | None) -> None:
    """Show how a filter is understood, fully bracketed."""
    click.echo(explain_filter_text(expression, groups=groups))


@commands.command()
@click.argument("shell", metavar="|".join(_SHELLS), shell_complete=one_of(*_SHELLS))
def completion(shell: str) -> None:
    r"""Print the script that completes commands in a shell.

    \b
    bash:  eval "$(vnetflow completion bash)"     in ~/.bashrc
    zsh:   eval "$(vnetflow completion zsh)"      in ~/.zshrc
    fish:  vnetflow completion fish | source      in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    check_choice("shell", shell, _SHELLS)
    shell_class = get_completion_class(shell)
    if shell_class is not None:
        click.echo(shell_class(commands, {}, "vnetflow", "_VNETFLOW_COMPLETE").source())
