"""``-x oformat=json`` on the real kernel: every kind of record is one JSON object a line."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.conftest import ROOT, Run

PROGRAM = """
struct pair { int first; int second; };
int zero;
BEGIN
{
	printf("%s %d\\n", probename, 42); trace("text"); trace(-1); tracemem(curthread->comm, 4);
	print(*(struct pair *)curthread); stack(1); ustack(1); sym((uint64_t)curthread);
	@calls["key", 7] = count(); @sizes["key", 7] = quantize(5); @left = lquantize(3, 0, 10, 5);
	printa(@calls); printa("%s %d %@d\\n", @calls); normalize(@calls, 2); clear(@calls);
	system("echo from the shell"); freopen("/nowhere/at/all"); setopt("stackindent", "14");
}
BEGIN { trace(1 / zero); }
BEGIN {}
BEGIN { exit(3); }
"""
#: What each kind of object has beside its type; and those that a firing makes have all of `FIRING`.
MEMBERS = {
    "printf": {"format", "args", "text"},
    "trace": {"value"},
    "tracemem": {"hex"},
    "print": {"name", "value"},
    "stack": {"frames"},
    "ustack": {"frames"},
    "sym": {"value"},
    "printa": {"aggregations", "rows"},
    "system": {"command", "output"},
    "exit": {"status"},
    "probe": set(),
    "error": set(),
    "aggregation": {"aggregations", "rows"},
}
FIRING = {"cpu", "probe", "clause"}


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_kind_of_record_is_one_object_a_line(dtrace: Run) -> None:
    started = time.time_ns()
    done = dtrace("-w", "-x", "oformat=json", "-n", PROGRAM, status=3)
    found = lines(done.stdout)
    kinds = [one["type"] for one in found]
    assert set(kinds) == set(MEMBERS)
    for one in found:
        assert MEMBERS[one["type"]] <= one.keys(), one
        if one["type"] != "aggregation":
            assert one.keys() >= FIRING, one
            assert one["probe"]["name"] == "BEGIN"
        if "time" in one:
            assert started < one["time"] < time.time_ns()
    assert all("time" in one for one in found if one["type"] not in ("aggregation", "error"))
    assert "error" not in done.stderr, "errors are objects"


def test_the_objects_hold_what_the_actions_recorded(dtrace: Run) -> None:
    found = lines(dtrace("-w", "-x", "oformat=json", "-n", PROGRAM, status=3).stdout)
    first = {kind: next(one for one in found if one["type"] == kind) for kind in MEMBERS}
    assert (first["printf"]["args"], first["printf"]["text"]) == (["BEGIN", 42], "BEGIN 42\n")
    assert [one["value"] for one in found if one["type"] == "trace"] == ["text", -1]
    assert re.fullmatch("[0-9a-f]{8}", first["tracemem"]["hex"])
    assert set(first["print"]["value"]) == {"first", "second"}
    assert first["stack"]["frames"] == []  # As BEGIN's are.
    assert first["ustack"]["frames"][0].keys() == {"address", "symbol"}
    assert first["printa"]["rows"] == [{"key": ["key", 7], "values": [1]}]
    assert first["system"]["output"] == "from the shell\n"
    assert [one.get("fault", "") or one["message"][:20] for one in found if one["type"] == "error"] == [
        "couldn't freopen() \"",
        "divide-by-zero",
    ]
    unprinted = [one for one in found if one["type"] == "aggregation"]
    assert [one["aggregations"][0]["name"] for one in unprinted] == ["sizes", "left"]
    assert unprinted[0]["rows"] == [{"key": ["key", 7], "values": [[{"min": 4, "max": 7, "count": 1}]]}]
    assert first["exit"]["status"] == 3


def test_frames_have_addresses_and_symbols(dtrace: Run) -> None:
    [found] = lines(dtrace("-q", "-x", "oformat=json", "-n", "rawtp:::sched_switch { stack(2); exit(0); }").stdout)[:1]
    assert [frame.keys() for frame in found["frames"]] == [{"address", "symbol"}] * 2


def test_the_manual_shows_every_kind_of_object() -> None:
    page = (ROOT / "docs" / "manual" / "json.md").read_text()
    documented = set(re.findall(r"(?m)^\| `(\w+)`", page))
    assert documented >= {*MEMBERS, "drop"}


def test_a_stand_alone_program_prints_the_same_objects(dtrans: Run, tmp_path: Path) -> None:
    text = '#pragma D option oformat=json\nBEGIN { printf("%d", 42); @[1] = quantize(3); exit(0); }'
    script, program = tmp_path / "x.d", tmp_path / "x.py"
    script.write_text(text)
    program.write_text(dtrans("translate", script).stdout)
    done = subprocess.run(["/usr/bin/python3", program], capture_output=True, text=True, check=True)
    kinds = [(one["type"], one.get("args") or one.get("rows")) for one in lines(done.stdout)]
    assert kinds == [
        ("printf", [42]),
        ("exit", None),
        ("aggregation", [{"key": [1], "values": [[{"min": 2, "max": 3, "count": 1}]]}]),
    ]
    script.write_text("BEGIN { exit(0); }")
    assert "class JsonOutput" not in dtrans("translate", script).stdout, "what is not asked for is left out"
