"""Writes `rows.ndjson` of every case of the corpus, without any code of vnetflow.

A dull second opinion: the standard library's JSON parser, `str.split` and `ipaddress`. It reads a case's input
where that is sound JSON. Where it is damaged, somebody has written down in `reads_as.json` which sound log a reader
should get out of it, and that is read instead; offsets always are those in the input. Issues are written by hand.

    python3 tests/corpus/expect.py            writes rows.ndjson of all cases
    python3 tests/corpus/expect.py --check    only tells which ones differ, and fails if any does
"""

import argparse
import datetime
import ipaddress
import json
import pathlib
import re
import sys

CORPUS = pathlib.Path(__file__).parent
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
STATES = {"B": "begin", "C": "continue", "E": "end", "D": "deny"}
DIRECTIONS = {"I": "inbound", "O": "outbound"}
ENCRYPTIONS = "X NX NX_HW_NOT_SUPPORTED NX_SW_NOT_READY NX_NOT_ACCEPTED NX_NOT_SUPPORTED NX_LOCAL_DST NX_FALLBACK".split()
COUNTERS = ["packets_src_to_dst", "bytes_src_to_dst", "packets_dst_to_src", "bytes_dst_to_src"]
ZERO_GUID = "00000000-0000-0000-0000-000000000000"
NSG_PART = "/networksecuritygroups/"


class BadTuple(Exception):
    """A tuple that does not follow the format."""


def main() -> int:
    """Goes over all cases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail where a file is not as it should be")
    check = parser.parse_args().check
    stale = []
    for folder in sorted(path for path in CORPUS.iterdir() if path.is_dir() and not path.name.startswith("__")):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows_of_case(folder))
        target = folder / "rows.ndjson"
        if target.exists() and target.read_text("utf-8") == text:
            continue
        stale.append(folder.name)
        if not check:
            target.write_text(text, "utf-8")
    print(f"{'stale' if check else 'written'}: {', '.join(stale) or 'none'}")
    return 1 if check and stale else 0


def rows_of_case(folder: pathlib.Path) -> list[dict]:
    """The rows that a case's input holds, with their places in it."""
    source = next(path for path in sorted(folder.iterdir()) if path.stem == "input")
    raw = source.read_bytes()
    settings = folder / "case.json"
    name = json.loads(settings.read_text("utf-8"))["path"] if settings.exists() else source.name
    reads_as = folder / "reads_as.json"
    log = reads_as.read_text("utf-8") if reads_as.exists() else raw.decode("utf-8-sig")
    rows = [row for value in values_in(log) for record in records_in(value) for row in rows_of_record(record, name)]
    add_offsets(rows, raw)
    return rows


def values_in(text: str) -> list:
    """JSON values one after the other. Commas and closing brackets around them are those of a wrapper's fragment."""
    decoder = json.JSONDecoder(strict=False)
    values, at = [], 0
    while True:
        while at < len(text) and text[at] in " \t\r\n,]}":
            at += 1
        if at == len(text):
            return values
        value, at = decoder.raw_decode(text, at)
        values.append(value)


def records_in(value: object) -> list[dict]:
    """Records of a wrapper, of a list, of wrappers in wrappers, or the record itself."""
    if isinstance(value, list):
        return [record for item in value for record in records_in(item)]
    if not isinstance(value, dict):
        return []
    value = with_plain_keys(value)
    return [value] + records_in(value["records"]) if "records" in value else [value]


def with_plain_keys(value: dict) -> dict:
    """The same object with keys in lower case: tools that rewrite logs change their case."""
    return {key.lower(): item for key, item in value.items()}


def objects_in(value: object) -> list[dict]:
    """Objects of a list; nothing where it is no list."""
    return [with_plain_keys(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_of(value: object) -> str | None:
    """A string, or null for what is none."""
    return value if isinstance(value, str) else None


def rows_of_record(record: dict, source: str) -> list[dict]:
    """Rows of a VNet or NSG record; none for any other."""
    path = read_path(source)
    record_time = text_of(record.get("time"))
    shared = {
        "mac": plain_mac(text_of(record.get("macaddress"))) or path.get("mac"),
        "target_resource_id": None,
        "flow_log_resource_id": None,
        "record_time": format_time(parse_record_time(record_time)),
        "source": source,
    }
    rows = []
    if isinstance(record.get("flowrecords"), dict):
        shared["target_resource_id"] = text_of(record.get("targetresourceid"))
        shared["flow_log_resource_id"] = (
            text_of(record.get("flowlogresourceid")) or text_of(record.get("resourceid")) or path.get("flow_log")
        )
        for flow in objects_in(with_plain_keys(record["flowrecords"]).get("flows")):
            for group in objects_in(flow.get("flowgroups")):
                rows += rows_of_group(group, text_of(group.get("rule")), text_of(flow.get("aclid")), shared)
    if isinstance(record.get("properties"), dict):
        acl_id = text_of(record.get("resourceid")) or path.get("nsg")
        for flow in objects_in(with_plain_keys(record["properties"]).get("flows")):
            for nic in objects_in(flow.get("flows")):
                mac = plain_mac(text_of(nic.get("mac"))) or shared["mac"]
                rows += rows_of_group(nic, text_of(flow.get("rule")), acl_id, {**shared, "mac": mac})
    return rows


def rows_of_group(group: dict, rule: str | None, acl_id: str | None, shared: dict) -> list[dict]:
    """Rows of one list of tuples; unreadable tuples are left out."""
    rows = []
    tuples = group.get("flowtuples")
    for text in tuples if isinstance(tuples, list) else []:
        try:
            row = read_tuple(text)
        except BadTuple:
            continue
        row.update(rule=rule, acl_id=acl_id, rule_origin=rule_origin(rule, acl_id), **shared)
        rows.append({**{name: row[name] for name in COLUMNS}, "text": text})
    return rows


COLUMNS = (
    "time src_ip dst_ip src_port dst_port protocol direction action state encryption "
    + " ".join(COUNTERS)
    + " rule acl_id mac target_resource_id flow_log_resource_id rule_origin flow_log_version record_time source"
).split()


def read_tuple(text: object) -> dict:
    """The fields of one tuple, by section 1 and 2 of the format."""
    if not isinstance(text, str):
        raise BadTuple
    fields = text.split(",")
    if len(fields) not in (8, 13):
        raise BadTuple
    is_nsg = fields[5] in ("T", "U")
    if len(fields) == 8 and not is_nsg:
        raise BadTuple
    time = number(fields[0], 2**63 - 1)
    time_ms = time * 1000 if time < 100_000_000_000 else time
    row = {
        "time": format_time(time_ms),
        "src_ip": address(fields[1]),
        "dst_ip": address(fields[2]),
        "src_port": number(fields[3], 65535),
        "dst_port": number(fields[4], 65535),
        "protocol": {"T": 6, "U": 17}[fields[5]] if is_nsg else number(fields[5], 255),
        "direction": one_of(DIRECTIONS, fields[6]),
        "state": None,
        "encryption": None,
        **dict.fromkeys(COUNTERS),
    }
    if is_nsg:
        row["action"] = one_of({"A": "allow", "D": "deny"}, fields[7])
        row["flow_log_version"] = 1
        if len(fields) == 13:
            row["flow_log_version"] = 2
            row["state"] = one_of({key: STATES[key] for key in "BCE"}, fields[8])
    else:
        row["flow_log_version"] = 4
        row["state"] = one_of(STATES, fields[7])
        row["action"] = "deny" if row["state"] == "deny" else "allow"
        row["encryption"] = one_of({name: name for name in ENCRYPTIONS}, fields[8])
    for name, field in zip(COUNTERS, fields[9:]):
        row[name] = None if field == "" else number(field, 2**64 - 1)
    return row


def number(text: str, most: int) -> int:
    """Digits only, up to a limit."""
    if not re.fullmatch(r"[0-9]+", text) or int(text) > most:
        raise BadTuple
    return int(text)


def one_of(names: dict[str, str], text: str) -> str:
    """The public name of a letter or word."""
    if text not in names:
        raise BadTuple
    return names[text]


def address(text: str) -> str:
    """Canonical text; an IPv4 address inside IPv6 keeps its dots, as RFC 5952 wants it."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        raise BadTuple from None
    if found.version == 6 and found.ipv4_mapped:
        return f"::ffff:{found.ipv4_mapped}"
    return str(found)


def plain_mac(text: str | None) -> str | None:
    """Upper case digits without separators."""
    return None if text is None else text.replace(":", "").replace("-", "").upper()


def parse_record_time(text: str | None) -> int | None:
    """Milliseconds of an RFC 3339 time; finer digits are cut off, no zone means UTC."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?", text or "")
    if not match:
        return None
    date, clock, fraction, zone = match.groups()
    zone = "+00:00" if zone in (None, "Z") else zone
    whole = datetime.datetime.fromisoformat(f"{date}T{clock}{zone}")
    return (whole - EPOCH) // datetime.timedelta(milliseconds=1) + int(((fraction or "") + "000")[:3])


def format_time(time_ms: int | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    if time_ms is None:
        return None
    try:
        time = EPOCH + datetime.timedelta(milliseconds=time_ms)
    except OverflowError:
        raise BadTuple from None
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time_ms % 1000:03}Z"


def rule_origin(rule: str | None, acl_id: str | None) -> str | None:
    """Who set a rule, by section 3 of the format: prefix, then ACL, else admin."""
    if rule is None:
        return None
    name, acl = rule.lower(), (acl_id or "").lower()
    for prefix, origin in (("defaultrule", "default"), ("userrule", "user"), ("platformrule", "platform")):
        if name.startswith(prefix):
            return origin
    if "unspecified" in (name, acl):
        return "encryption"
    if acl == ZERO_GUID:
        return "platform"
    return "user" if NSG_PART in acl else "admin"


def read_path(path: str) -> dict[str, str]:
    """NIC and resource that a blob's path names."""
    found = {}
    if match := re.search(r"macAddress=([^/]+)", path):
        found["mac"] = plain_mac(match[1])
    if match := re.search(r"(flowLogResourceID|resourceId)=(/SUBSCRIPTIONS/.+?)/y=", path):
        found["flow_log" if match[1] == "flowLogResourceID" else "nsg"] = match[2]
    elif match := re.search(r"flowLogResourceID=/([^_/]+)_([^/]+)/(NETWORKWATCHER_[^_/]+)_([^/]+)/y=", path):
        found["flow_log"] = (
            f"/SUBSCRIPTIONS/{match[1]}/RESOURCEGROUPS/{match[2]}/PROVIDERS/MICROSOFT.NETWORK"
            f"/NETWORKWATCHERS/{match[3]}/FLOWLOGS/{match[4]}"
        )
    return found


def add_offsets(rows: list[dict], raw: bytes) -> None:
    """Where each row's text stands: the next JSON string of that text behind the row before."""
    quotes = re.finditer(rb'(?="((?:[^"\\\n]|\\.)*)")', raw)
    strings = [(match.start() + 1, match[1]) for match in quotes]
    at = 0
    for row in rows:
        text = row.pop("text")
        while decoded(strings[at][1]) != text:
            at += 1
        row["offset"] = strings[at][0]
        at += 1


def decoded(raw: bytes) -> str | None:
    """The text of a JSON string, where it is one."""
    try:
        return json.loads(b'"' + raw + b'"', strict=False)
    except ValueError:
        return None


if __name__ == "__main__":
    sys.exit(main())
