"""Verdicts: what the rules do, what is blocked or never answered, why, and whether traffic keeps a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vnetflow import _core
from vnetflow.analyses import ask, run
from vnetflow.arguments import common_settings
from vnetflow.documents import json_of
from vnetflow.signatures import takes_common
from vnetflow.sources import origin_of

if TYPE_CHECKING:
    import polars as pl
    from typing_extensions import Unpack

    from vnetflow.analyses import Answer
    from vnetflow.arguments import Common
    from vnetflow.documents import DocumentLike
    from vnetflow.sources import SourceLike


@takes_common
def rules(source: SourceLike, *, nsg: DocumentLike | None = None, **common: Unpack[Common]) -> pl.DataFrame:
    """Tell what the rules do.

    Parameters
    ----------
    nsg
        A network security group as `az network nsg show` writes it: a JSON file, its text, or a dict. Adds rules that
        were never hit, and columns that compare each rule with the traffic it passed. Default: None.

    Returns
    -------
    polars.DataFrame
        One row a rule: `acl_id`, `rule`, `rule_origin`, `allowed` and `denied` (tuples), the other counters as in
        `conversations`, `first_time`, `last_time`, `top_pair` (source and destination with the most bytes),
        `trend` (from -1, no longer hit, over 0 to 1, hit in the later half of the data only). With `nsg`
        also `priority`, `shadowed_by`, `allowed_ports`, `used_ports`, `used_sources`, `used_destinations`, `finding`;
        these are null for rules that are not in it.

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.rules(vf.example_log()).select("rule", "allowed", "denied").rows()
    [('DefaultRule_AllowVnetInBound', 3, 0), ('DefaultRule_DenyAllInBound', 0, 1)]
    """
    return ask("rules", source, common, {} if nsg is None else {"nsg": json_of(nsg, "nsg")})


@takes_common
def denied(source: SourceLike, **common: Unpack[Common]) -> pl.DataFrame:
    """Tell what is blocked, and by whom.

    Returns
    -------
    polars.DataFrame
        One row a conversation and rule, the most tries first: `src_ip`, `dst_ip`, `dst_port`, `protocol`, `rule`,
        `rule_origin`, `tries` (denied tuples), `first_time`, `last_time`, and `ongoing`: True where the last try
        lies no further from the end of the data than twice the mean time between tries, or ten minutes.

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.denied(vf.example_log()).select("src_ip", "dst_port", "rule", "tries").rows()
    [('203.0.113.9', 22, 'DefaultRule_DenyAllInBound', 1)]
    """
    return ask("denied", source, common)


@takes_common
def one_way(source: SourceLike, **common: Unpack[Common]) -> pl.DataFrame:
    """Tell what was asked and never answered.

    Returns
    -------
    polars.DataFrame
        One row a conversation that was allowed and whose counters say that nothing ever came back: `src_ip`, `dst_ip`,
        `dst_port`, `protocol`, `tries` (allowed flows at the NIC that logged most of them), the counters as in
        `conversations`, `first_time`, `last_time`. What the log can't tell (no counters) is left out.

    Examples
    --------
    >>> import vnetflow as vf
    >>> vf.one_way(vf.example_log()).height
    0
    """
    return ask("one_way", source, common)


@takes_common
def why(source: SourceLike, src: str, dst: str, port: int | None = None, **common: Unpack[Common]) -> pl.DataFrame:
    """Tell why A can't reach B.

    Parameters
    ----------
    src, dst
        The two addresses.
    port
        The destination's port. Default: every port.

    Returns
    -------
    polars.DataFrame
        One row a stretch of time in which a rule of a NIC gave one verdict: `src_ip`, `dst_ip`, `dst_port`,
        `protocol`, `mac`, `direction`, `rule`, `rule_origin`, `acl_id`, `verdict`, `first_time`, `last_time`,
        `tries`, `bytes` (null where nothing was counted). The first of its `notes` is the answer in words.

    Examples
    --------
    >>> import vnetflow as vf
    >>> answer = vf.why(vf.example_log(), src="203.0.113.9", dst="10.1.1.21", port=22)
    >>> answer.select("rule", "verdict", "tries").rows()
    [('DefaultRule_DenyAllInBound', 'deny', 1)]
    """
    return ask("why", source, common, {"src": src, "dst": dst, "port": port})


@takes_common
def check(source: SourceLike, policy: DocumentLike, **common: Unpack[Common]) -> pl.DataFrame:
    """Tell whether traffic keeps a segmentation policy.

    Parameters
    ----------
    policy
        Groups of addresses, and which of them may reach which on what; all else is denied. A JSON or YAML file,
        JSON text, or a dict: see `docs/analyses.md`. A group that it does not define itself is looked for in
        `groups`; without `groups` of its own all of these are its groups.

    Returns
    -------
    polars.DataFrame
        Violations first: `rule` of the policy, `src_group`, `dst_group`, `dst_port`, `protocol`, `verdict`
        (`violation`, `too_strict`, `allowed`, `blocked`, `unused`), `tuples`, `denied`, `bytes`, `example` (the
        earliest conversation), `filter` (shows its tuples), `first_time`, `last_time`.

    Examples
    --------
    >>> import vnetflow as vf
    >>> policy = {"groups": {"app": ["10.1.2.0/24"], "web": ["10.1.1.0/24"]}, "allow": []}
    >>> vf.check(vf.example_log(), policy=policy).select("src_group", "dst_group", "dst_port", "verdict").rows()
    [('app', 'web', 8080, 'violation'), ('public', 'web', 22, 'blocked')]
    """
    return checked(source, policy, common)[0]


def checked(source: SourceLike, policy: DocumentLike, common: Common) -> tuple[pl.DataFrame, str, str]:
    """Check a policy; give the table, and the same as JUnit XML and as SARIF."""
    text = json_of(policy, "policy")
    reports: list[str] = []
    settings = common_settings("check", common)

    def call(opened: _core.Source, options: _core.Options) -> Answer:
        answer, *texts = _core.check(opened, options, text, settings.core_groups())
        reports.extend(texts)
        return answer

    table = run(origin_of(source), settings, call)
    junit, sarif = reports
    return table, junit, sarif
