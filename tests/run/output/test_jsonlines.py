from __future__ import annotations

import json
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dtrans.artifact import Aggregation, Field, Freopen, Printa, Printf, PrintValue, Shape, System, Trace
from tests.run.made import HEADER, Screen, make_artifact, make_fault, make_record

TEXT = Field("str", HEADER, 16)


def objects(text: str) -> list[dict[str, Any]]:
    """Every line is one object."""
    found = [json.loads(line) for line in text.splitlines()]
    assert all(isinstance(one, dict) and one["type"] for one in found)
    return found


@contextmanager
def screen(folder: Path, *actions: Any, aggregations: Any = ()) -> Iterator[Screen]:
    made = Screen(make_artifact([actions], aggregations), folder / "out", {"oformat": "json"})
    yield made
    made.close()


def shown(folder: Path, record: bytes, *actions: Any) -> list[dict[str, Any]]:
    """The objects of one record."""
    with screen(folder, *actions) as made:
        return objects(made.show(record))


@given(st.binary(max_size=16), st.binary(min_size=4, max_size=4))
def test_whatever_bytes_a_record_has_its_line_is_an_object(text: bytes, memory: bytes) -> None:
    actions = Printf("%s|%S", (TEXT, TEXT)), Trace(TEXT), Trace(Field("bytes", HEADER + 16, 4))
    with tempfile.TemporaryDirectory() as folder:
        printf, trace, raw = shown(Path(folder), make_record(0, text.ljust(16, b"\0") + memory), *actions)
    told = text.partition(b"\0")[0].decode("utf-8", "replace")
    assert printf["args"] == [told, told]
    assert trace["value"] == told
    assert raw["value"] == {"hex": memory.hex()}


def test_an_object_says_where_it_was_made(tmp_path: Path) -> None:
    (made,) = shown(tmp_path, make_record(0, b"\xff" * 4, cpu=3), Trace(Field("int", HEADER, 4)))
    assert made == {
        "type": "trace",
        "cpu": 3,
        "probe": {"id": 7, "provider": "syscall", "module": "vmlinux", "function": "openat", "name": "entry"},
        "clause": 1,
        "value": -1,
    }


def test_faults_and_drops_are_objects_and_standard_error_is_silent(tmp_path: Path) -> None:
    with screen(tmp_path) as made:
        made.output.drops("principal", 2, 1)
        made.output.drops("dynamic", 5)
        made.output.drops("aggregation", 0, 0)
        made.show(make_fault(4, 2, 1, 0x10), make_fault(4, 0, 4, 0x10))
    by_cpu, total, address, predicate = objects(made.text())
    assert by_cpu == {"type": "drop", "kind": "principal", "count": 2, "cpu": 1}
    assert total == {"type": "drop", "kind": "dynamic", "count": 5}
    assert (address["fault"], address["address"], address["action"]) == ("invalid address", "0x10", 2)
    assert (predicate["fault"], predicate["action"]) == ("divide-by-zero", 0)
    assert "address" not in predicate
    assert made.errors() == ""


def test_an_action_that_fails_is_an_error(tmp_path: Path) -> None:
    (made,) = shown(tmp_path, make_record(0), Freopen("/nowhere/at/all", ()))
    assert made["type"] == "error"
    assert "/nowhere/at/all" in made["message"]


def test_what_a_command_prints_is_a_string(tmp_path: Path) -> None:
    (made,) = shown(tmp_path, make_record(0), System("printf '{\\n\\377'", ()))
    assert (made["type"], made["output"]) == ("system", "{\n\N{REPLACEMENT CHARACTER}")


def test_structures_are_objects_by_their_members(tmp_path: Path) -> None:
    number, letter = Shape("int", "int", 4), Shape("char", "char", 1)
    union = Shape("union <anonymous>", "struct", 4, (("whole", 0, 0, number), ("low", 0, 4, Shape("u8", "uint", 1))))
    shape = Shape(
        "struct s",
        "struct",
        32,
        (
            ("", 0, 0, union),
            ("color", 32, 0, Shape("enum c", "enum", 4, enumerators=(("RED", 1),))),
            ("other", 64, 0, Shape("enum c", "enum", 4, enumerators=(("RED", 1),))),
            ("signed", 96, 3, number),
            ("name", 128, 0, Shape("char [4]", "array", 4, element=letter, length=4)),
            ("raw", 160, 0, Shape("char [4]", "array", 4, element=letter, length=4)),
            ("next", 192, 0, Shape("void *", "pointer", 8)),
        ),
    )
    data = struct.pack("<iiii4s4sQ", -1, 1, 2, 0b101, b"ab\0\0", b"abcd", 0x1234)
    (made,) = shown(tmp_path, make_record(0, data), PrintValue(Field("bytes", HEADER, 32), shape))
    assert made["name"] == "struct s"
    assert made["value"] == {
        "whole": -1, "low": 15, "color": "RED", "other": 2, "signed": -3, "name": "ab", "raw": [97, 98, 99, 100],
        "next": "0x1234",
    }  # fmt: skip


def test_aggregations_are_rows_with_keys_and_values(tmp_path: Path) -> None:
    key = (Field("int", 0, 4),)
    count = Aggregation("n", "count", key, 8, 8)
    spread = Aggregation("q", "lquantize", key, 8, 32, (0, 20, 10))
    wide = Aggregation("w", "lquantize", key, 8, 32, (0, 20, 10), by_bucket=True)
    with screen(tmp_path, Printa((0, 1, 2), "%d %@d\n"), aggregations=(count, spread, wide)) as made:
        made.maps.add(0, struct.pack("<ixxxx", -5), (3,))
        made.maps.add(1, struct.pack("<ixxxx", -5), (1, 0, 2, 4))
        for bucket, number in ((0, 1), (2, 2), (3, 4)):
            made.maps.add(2, struct.pack("<ixxxxQ", -5, bucket), (number,))
        made.show(make_record(0))
    # What printa() showed is not shown again at the end.
    (told,) = objects(made.text())
    named = [("n", "count"), ("q", "lquantize"), ("w", "lquantize")]
    assert told["aggregations"] == [{"name": name, "function": function} for name, function in named]
    buckets = [
        {"min": None, "max": -1, "count": 1}, {"min": 10, "max": 19, "count": 2}, {"min": 20, "max": None, "count": 4},
    ]  # fmt: skip
    assert told["rows"] == [{"key": [-5], "values": [3, buckets, buckets]}]
    assert (told["format"], told["text"]) == ("%d %@d\n", "-5 3\n")
