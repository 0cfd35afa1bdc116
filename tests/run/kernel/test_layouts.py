"""Numbers of the kernel by name, from recorded structures."""

from __future__ import annotations

import pytest

from dtrans.artifact import Layout
from dtrans.errors import DtransError
from dtrans.facts import Param, TracepointField
from dtrans.run.kernel.layouts import layout_prologue
from dtrans.types import INT, UINT64, Array, Function, Pointer, Struct, StructMember, StructRef, Type

OUTER, INNER = StructRef("struct", "outer"), StructRef("struct", "inner")
ANONYMOUS = StructRef("union", "#7")
STRUCTS = {
    ("struct", "outer"): Struct(
        OUTER,
        64,
        (
            StructMember("first", INT, 0),
            StructMember("flag", INT, 35, 2),
            StructMember("", ANONYMOUS, 64),
            StructMember("rows", Array(INNER, 3), 128),
            StructMember("next", Pointer(OUTER), 448),
        ),
    ),
    ("union", "#7"): Struct(ANONYMOUS, 8, (StructMember("low", INT, 0), StructMember("high", INT, 32))),
    ("struct", "inner"): Struct(INNER, 12, (StructMember("a", INT, 0), StructMember("b", UINT64, 32))),
}


class Facts:
    """A kernel of two structures."""

    release, machine = "1.0", "x86_64"

    def tracepoints(self) -> tuple[str, ...]:
        return ("group:event",)

    def tracepoint(self, group: str, event: str) -> tuple[TracepointField, ...] | None:
        return (TracepointField("id", "long", 8, 8, True),) if (group, event) == ("group", "event") else None

    def raw_tracepoints(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return ()

    def raw_tracepoint(self, event: str) -> tuple[Param, ...] | None:
        return None

    def struct(self, kind: str, tag: str) -> Struct | None:
        return STRUCTS.get((kind, tag))

    def written(self, kind: str, tag: str) -> tuple[str, ...] | None:
        return None

    def typedef(self, name: str) -> Type | None:
        known: dict[str, Type] = {"outer_t": OUTER, "int_t": INT}
        return known.get(name)

    def enumerators(self, tag: str) -> tuple[tuple[str, int], ...] | None:
        return None

    def enumerator(self, name: str) -> int | None:
        return None

    def function(self, name: str, module: str = "") -> Function | None:
        return Function(INT, ()) if name == "do_exit" else None

    def functions(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return (("vmlinux", ("do_exit", "vfs_read")), ("ext4", ("ext4_sync_file",)))

    def symbol(self, name: str) -> tuple[int, Type] | None:
        return (0xFFFFFFFF81000000, INT) if name == "variable" else None

    def feature(self, name: str) -> bool:
        return False


@pytest.mark.parametrize(
    ("layout", "line"),
    [
        (Layout("A", "offset", "struct outer", "first"), "#define A 0\n"),
        (Layout("A", "offset", "outer_t", "high"), "#define A 12\n"),
        (Layout("A", "offset", "struct outer", "rows[2].b"), "#define A 44\n"),
        (Layout("A", "bits", "struct outer", "flag"), "#define A 35\n"),
        (Layout("A", "size", "struct outer"), "#define A 64\n"),
        (Layout("A", "size", "int_t"), "#define A 4\n"),
        (Layout("A", "field", "group:event", "id"), "#define A 8\n"),
        (Layout("A", "symbol", "variable"), "#define A 0xffffffff81000000ULL\n"),
        (Layout("A", "function", "do_exit"), "#define A 1\n"),
        (Layout("A", "function", "absent", optional=True), ""),
    ],
)
def test_a_layout_is_one_line(layout: Layout, line: str) -> None:
    assert layout_prologue((layout,), Facts()) == line


@pytest.mark.parametrize(
    ("layout", "named"),
    [
        (Layout("A", "offset", "struct outer", "nothing"), "no member 'nothing' in 'struct outer'"),
        (Layout("A", "offset", "struct outer", "first.deeper"), "'struct outer.first.deeper'"),
        (Layout("A", "offset", "struct outer", "first[1]"), "no array 'first[1]'"),
        (Layout("A", "offset", "struct absent", "first"), "no type 'struct absent'"),
        (Layout("A", "size", "absent_t"), "no type 'absent_t'"),
        (Layout("A", "size", "struct absent"), "no size for 'struct absent'"),
        (Layout("A", "field", "group:event", "absent"), "no field 'absent' in tracepoint 'group:event'"),
        (Layout("A", "field", "group:absent", "id"), "no tracepoint 'group:absent'"),
        (Layout("A", "symbol", "absent"), "no variable 'absent'"),
        (Layout("A", "function", "absent"), "no function 'absent'"),
    ],
)
def test_what_the_kernel_lacks_is_named(layout: Layout, named: str) -> None:
    with pytest.raises(DtransError) as caught:
        layout_prologue((layout,), Facts())
    assert caught.value.diagnostic.tag == "D_KERNEL_LAYOUT"
    assert named in caught.value.diagnostic.message
