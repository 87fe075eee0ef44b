"""Filtering while decoding and filtering afterwards give the same rows, for generated filters.

Each generated filter is written twice, as text and as a Polars expression, by code that shares nothing with the parser.
"""

from __future__ import annotations

import ipaddress
import random
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

import vnetflow as vf

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Demo

    Pair = tuple[str, pl.Expr]

GROUPS = {"hub": "10.1.0.0/24", "spoke1": "10.1.1.0/24", "spoke2": ["10.1.2.0/24"], "onprem": "10.4.0.0/16"}
SRC, DST = "src_ip", "dst_ip"
SEEDS = range(150)


DOCUMENTATION = [ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]


def _is_public(text: str) -> bool:
    """Routed on the internet; a documentation address stands for one that is, the platform's is not."""
    address = ipaddress.ip_address(text)
    return text != "168.63.129.16" and (address.is_global or any(address in net for net in DOCUMENTATION))


class Generator:
    """Makes pairs of a filter and its meaning from values that stand in the data."""

    def __init__(self, tuples: pl.DataFrame, seed: int) -> None:
        self.tuples = tuples
        self.dice = random.Random(seed)
        self.addresses = sorted({*tuples[SRC], *tuples[DST]})

    def value(self, column: str):
        """A value of that column."""
        values = self.tuples[column].drop_nulls().unique().sort().to_list()
        return self.dice.choice(values)

    def both_ends(self, write: Callable[[str], str], means: Callable[[str], pl.Expr], columns: tuple[str, str]) -> Pair:
        """The same test of the source, the destination or either end."""
        end = self.dice.choice(["", "src ", "dst "])
        text = write(end)
        if end == "src ":
            return text, means(columns[0])
        if end == "dst ":
            return text, means(columns[1])
        return text, means(columns[0]) | means(columns[1])

    def within(self, *prefixes: str) -> Callable[[str], pl.Expr]:
        """Membership in networks, by Python's own arithmetic on each distinct address."""
        networks = [ipaddress.ip_network(prefix) for prefix in prefixes]
        inside = [text for text in self.addresses if any(ipaddress.ip_address(text) in net for net in networks)]
        return lambda column: pl.col(column).is_in(inside)

    def prefix(self) -> str:
        """A network around an address of the data."""
        return str(ipaddress.ip_network(f"{self.dice.choice(self.addresses)}/{self.dice.randint(8, 32)}", strict=False))

    def atom(self) -> Pair:
        """One test."""
        makers = [getattr(self, name) for name in dir(self) if name.startswith("about_")]
        return self.dice.choice(makers)()

    def about_host(self) -> Pair:
        address = self.dice.choice(self.addresses)
        word = self.dice.choice(["host", "ip"])
        return self.both_ends(
            lambda end: f"{end}{word} {address}", lambda column: pl.col(column) == address, (SRC, DST)
        )

    def about_net(self) -> Pair:
        one, other = self.prefix(), self.prefix()
        if self.dice.random() < 0.5:
            return self.both_ends(lambda end: f"{end}net {one}", self.within(one), (SRC, DST))
        return self.both_ends(lambda end: f"{end}net in ({one}, {other})", self.within(one, other), (SRC, DST))

    def about_group(self) -> Pair:
        name = self.dice.choice(list(GROUPS))
        prefixes = GROUPS[name]
        inside = self.within(*([prefixes] if isinstance(prefixes, str) else prefixes))
        return self.both_ends(lambda end: f"{end}group {name}", inside, (SRC, DST))

    def about_public(self) -> Pair:
        public = [text for text in self.addresses if _is_public(text)]
        word = self.dice.choice(["public", "private"])

        def means(column: str) -> pl.Expr:
            is_public = pl.col(column).is_in(public)
            return is_public if word == "public" else ~is_public

        return self.both_ends(lambda end: f"{end}{word}", means, (SRC, DST))

    def about_port(self) -> Pair:
        port, low = self.value("dst_port"), self.dice.randint(0, 60000)
        high = low + self.dice.randint(0, 5000)
        written, means = self.dice.choice(
            [
                (f"port {port}", lambda column: pl.col(column) == port),
                (f"portrange {low}-{high}", lambda column: pl.col(column).is_between(low, high)),
                (
                    f"port in (22, {port}, {low}-{high})",
                    lambda column: pl.col(column).is_in([22, port]) | pl.col(column).is_between(low, high),
                ),
            ]
        )
        return self.both_ends(lambda end: f"{end}{written}", means, ("src_port", "dst_port"))

    def about_protocol(self) -> Pair:
        return self.dice.choice(
            [
                ("tcp", pl.col("protocol") == 6),
                ("udp", pl.col("protocol") == 17),
                ("proto 17", pl.col("protocol") == 17),
                ("protocol != 6", pl.col("protocol") != 6),
            ]
        )

    def about_direction(self) -> Pair:
        word = self.dice.choice(["inbound", "outbound"])
        return self.dice.choice([word, f"direction = {word}"]), pl.col("direction") == word

    def about_action(self) -> Pair:
        word, action = self.dice.choice([("allowed", "allow"), ("denied", "deny")])
        return self.dice.choice([word, f"action = {action}"]), pl.col("action") == action

    def about_state(self) -> Pair:
        state = self.dice.choice(["begin", "continue", "end"])
        return f"state {state}", pl.col("state") == state

    def about_encryption(self) -> Pair:
        value = self.value("encryption")
        return self.dice.choice(
            [
                ("encrypted", pl.col("encryption") == "X"),
                ("unencrypted", pl.col("encryption") != "X"),
                (f"encryption {value}", pl.col("encryption") == value),
            ]
        )

    def about_rule(self) -> Pair:
        rule = pl.col("rule").cast(pl.String)
        name = self.value("rule")
        return self.dice.choice(
            [
                ('rule "userrule_*"', rule.str.contains("(?i)^userrule_")),
                ('rule "*Deny?ll*"', rule.str.contains("(?i)deny.ll")),
                (f'rule "{name}"', rule.str.to_lowercase() == name.lower()),
                ('rule ~ "^Default"', rule.str.contains("^Default")),
            ]
        )

    def about_origin(self) -> Pair:
        origin = self.dice.choice(["default", "user", "admin", "platform"])
        return f"origin {origin}", pl.col("rule_origin") == origin

    def about_mac(self) -> Pair:
        mac = self.value("mac")
        written = ":".join(mac[at : at + 2] for at in range(0, 12, 2)).lower() if self.dice.random() < 0.5 else mac
        return f"mac {written}", pl.col("mac").cast(pl.String) == mac

    def about_counters(self) -> Pair:
        sent, back = pl.col("bytes_src_to_dst"), pl.col("bytes_dst_to_src")
        packets = pl.col("packets_src_to_dst") + pl.col("packets_dst_to_src")
        limit = self.dice.choice([0, 1, 5, 300])
        return self.dice.choice(
            [
                (f"bytes > {limit}k", sent + back > limit * 1000),
                (f"bytes <= {limit}Ki", sent + back <= limit * 1024),
                (f"src bytes >= {limit}k", sent >= limit * 1000),
                (f"dst bytes < {limit}k", back < limit * 1000),
                (f"packets >= {limit}", packets >= limit),
                (f"bytes_src_to_dst != {limit}", sent != limit),
            ]
        )

    def about_time(self) -> Pair:
        start = self.value("time")
        end = start + timedelta(minutes=self.dice.randint(1, 50))
        from_text, to_text = (f"{time:%Y-%m-%dT%H:%M:%S}" for time in (start, end))
        start, end = start.replace(microsecond=0), end.replace(microsecond=0)
        time = pl.col("time")
        return self.dice.choice(
            [
                (f"time >= {from_text}", time >= start),
                (f"time < {from_text}", time < start),
                (f"time in {from_text}..{to_text}", (time >= start) & (time < end)),
            ]
        )

    def about_fields(self) -> Pair:
        address, net, port = self.value(SRC), self.prefix(), self.value("dst_port")
        return self.dice.choice(
            [
                (f"src.ip = {address}", pl.col(SRC) == address),
                (f"dst_ip != {address}", pl.col(DST) != address),
                (f"src.ip = {net}", self.within(net)(SRC)),
                (f"dst.port in (22, {port})", pl.col("dst_port").is_in([22, port])),
                (f"DstPort={port} || DstIP={address}", (pl.col("dst_port") == port) | (pl.col(DST) == address)),
                (f"destination.port > {port}", pl.col("dst_port") > port),
                (f"FlowStatus = Denied && DestIp = {net}", (pl.col("action") == "deny") & self.within(net)(DST)),
            ]
        )

    def pair(self, depth: int) -> Pair:
        """Tests joined and negated to some depth."""
        roll = self.dice.random()
        if depth == 0 or roll < 0.15:
            text, means = self.atom()
            return (f"({text})", means) if "||" in text or "&&" in text else (text, means)
        text, means = self.pair(depth - 1)
        if roll < 0.35:
            return f"{self.dice.choice(['not ', '!'])}({text})", ~means
        other_text, other_means = self.pair(depth - 1)
        if roll < 0.7:
            return f"({text}) {self.dice.choice(['and', '&&'])} ({other_text})", means & other_means
        return f"({text}) {self.dice.choice(['or', '||'])} ({other_text})", means | other_means


@pytest.mark.parametrize("seed", SEEDS)
def test_filtering_while_reading_equals_filtering_afterwards(mixed_demo: Demo, seed: int) -> None:
    text, means = Generator(mixed_demo.tuples, seed).pair(depth=seed % 4)
    expected = mixed_demo.tuples.filter(means)
    while_reading = vf.read(mixed_demo.folder, filter=text, groups=GROUPS)
    assert while_reading.equals(expected), text
    explained = vf.explain_filter(text, groups=GROUPS)
    assert vf.read(mixed_demo.folder, filter=explained, groups=GROUPS).equals(expected), explained
    if seed % 10 == 0:
        assert vf.scan(mixed_demo.folder, filter=text, groups=GROUPS).collect().equals(expected)
        assert vf.read(mixed_demo.tuples, filter=text, groups=GROUPS).equals(expected)


def test_the_generated_filters_are_no_formality(mixed_demo: Demo) -> None:
    kept = [mixed_demo.tuples.filter(Generator(mixed_demo.tuples, seed).pair(seed % 4)[1]).height for seed in SEEDS]
    assert sum(0 < rows < mixed_demo.tuples.height for rows in kept) > 100


def test_an_empty_filter_keeps_everything(demo: Demo) -> None:
    assert vf.read(demo.folder, filter="").equals(demo.tuples)


def test_a_comparison_with_null_and_its_negation_are_both_not_true(nsg_v1_demo: Demo) -> None:
    assert vf.read(nsg_v1_demo.folder, filter="bytes > 0").is_empty()
    assert vf.read(nsg_v1_demo.folder, filter="not bytes > 0").is_empty()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tcp and denyed", "unknown word `denyed` at column 9: did you mean `denied`?"),
        ("dst prt 22", "`prt` at column 5"),
        ("port 99999", "column 6"),
        ("(tcp", "column"),
    ],
)
def test_a_typo_names_its_column_at_once(demo: Demo, text: str, said: str) -> None:
    for function in (vf.read, vf.scan, vf.summary, vf.top, vf.issues):
        with pytest.raises(vf.FilterError) as caught:
            function(demo.folder, filter=text)
        assert said in str(caught.value)
    assert isinstance(caught.value, ValueError)
