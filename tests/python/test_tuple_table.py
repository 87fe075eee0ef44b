"""The tuple table has the columns and types that users rely on, to the letter."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

import vnetflow as vf

if TYPE_CHECKING:
    from conftest import Demo

SCHEMA = {
    "time": pl.Datetime("ms", "UTC"),
    "src_ip": pl.String(),
    "dst_ip": pl.String(),
    "src_port": pl.UInt16(),
    "dst_port": pl.UInt16(),
    "protocol": pl.UInt8(),
    "direction": pl.Enum(["inbound", "outbound"]),
    "action": pl.Enum(["allow", "deny"]),
    "state": pl.Enum(["begin", "continue", "end", "deny"]),
    "encryption": pl.Enum(
        [
            "X",
            "NX",
            "NX_HW_NOT_SUPPORTED",
            "NX_SW_NOT_READY",
            "NX_NOT_ACCEPTED",
            "NX_NOT_SUPPORTED",
            "NX_LOCAL_DST",
            "NX_FALLBACK",
        ]
    ),
    "packets_src_to_dst": pl.UInt64(),
    "bytes_src_to_dst": pl.UInt64(),
    "packets_dst_to_src": pl.UInt64(),
    "bytes_dst_to_src": pl.UInt64(),
    "rule": pl.Categorical(),
    "acl_id": pl.Categorical(),
    "mac": pl.Categorical(),
    "target_resource_id": pl.Categorical(),
    "flow_log_resource_id": pl.Categorical(),
    "rule_origin": pl.Enum(["default", "user", "admin", "platform", "encryption"]),
    "flow_log_version": pl.UInt8(),
    "record_time": pl.Datetime("ms", "UTC"),
}
ON_REQUEST = {"source": pl.Categorical(), "offset": pl.UInt64()}


def test_read_has_the_schema_to_the_letter(demo: Demo) -> None:
    assert list(demo.tuples.schema.items()) == list(SCHEMA.items())


def test_an_empty_result_has_the_same_schema(demo: Demo) -> None:
    nothing = vf.read(demo.folder, filter="host 192.0.2.77")
    assert nothing.is_empty()
    assert list(nothing.schema.items()) == list(SCHEMA.items())


def test_scan_promises_the_schema_that_it_delivers(demo: Demo) -> None:
    lazy = vf.scan(demo.folder)
    assert list(lazy.collect_schema().items()) == list(SCHEMA.items())
    assert lazy.collect().schema == lazy.collect_schema()


def test_columns_come_in_the_order_asked_for(demo: Demo) -> None:
    table = vf.read(demo.folder, columns=["offset", "dst_port", "source", "time"])
    assert table.columns == ["offset", "dst_port", "source", "time"]
    assert {name: table.schema[name] for name in ON_REQUEST} == ON_REQUEST
    assert table["dst_port"].equals(demo.tuples["dst_port"])


def test_one_column_may_be_named_as_text(demo: Demo) -> None:
    assert vf.read(demo.folder, columns="mac").columns == ["mac"]


def test_source_and_offset_point_at_the_tuple(demo: Demo) -> None:
    table = vf.read(demo.folder, columns=["source", "offset", "src_ip", "dst_ip", "src_port", "dst_port"])
    for source, offset, *fields in table.sample(50, seed=1).rows():
        with Path(source).open("rb") as file:
            file.seek(offset - 1)
            text = file.read(200).decode()
        assert text[0] == '"'
        assert text[1:].split(",")[1:5] == [str(field) for field in fields]


@pytest.mark.parametrize("read", [vf.read, lambda *args, **options: vf.scan(*args, **options).collect()])
def test_categorical_addresses_are_the_same_addresses(demo: Demo, read) -> None:
    table = read(demo.folder, ip="categorical")
    assert table.schema["src_ip"] == table.schema["dst_ip"] == pl.Categorical()
    assert table.with_columns(pl.col("src_ip", "dst_ip").cast(pl.String)).equals(demo.tuples)


@pytest.mark.parametrize("read", [vf.read, lambda *args, **options: vf.scan(*args, **options).collect()])
def test_binary_addresses_are_in_network_order(demo: Demo, read) -> None:
    table = read(demo.folder, ip="binary")
    assert table.schema["src_ip"] == table.schema["dst_ip"] == pl.Binary()
    for name in ("src_ip", "dst_ip"):
        assert [str(ipaddress.ip_address(raw)) for raw in table[name]] == demo.tuples[name].to_list()


def test_an_ipv6_address_has_16_bytes() -> None:
    log = vf.example_log().replace(b"203.0.113.9", b"2001:DB8:0:0::9")
    assert vf.read(log)["src_ip"][3] == "2001:db8::9"
    assert vf.read(log, ip="binary")["src_ip"][3] == ipaddress.ip_address("2001:db8::9").packed


def test_nsg_version_1_has_nulls_where_nothing_is_logged(nsg_v1_demo: Demo) -> None:
    table = nsg_v1_demo.tuples
    unlogged = [
        "state",
        "encryption",
        "packets_src_to_dst",
        "bytes_src_to_dst",
        "packets_dst_to_src",
        "bytes_dst_to_src",
    ]
    assert all(table[name].null_count() == table.height > 0 for name in unlogged)
    assert table["flow_log_version"].unique().to_list() == [1]
