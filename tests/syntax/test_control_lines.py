"""Lines that begin with #: pragmas, line markers, what is ignored and what is refused."""

from __future__ import annotations

import pytest

from dtrans.syntax import ast
from tests.syntax.reading import problem, program


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        ("#pragma D option quiet", "option", ("quiet",)),
        ("\t# pragma D\toption  bufsize=16m ", "option", ("bufsize=16m",)),
        ("#pragma D option quiet /* hush */", "option", ("quiet",)),
        ("#pragma D option quiet // hush", "option", ("quiet",)),
        ("#pragma D option quiet\r", "option", ("quiet",)),
        ("#pragma D attributes Stable/Stable/Common x", "attributes", ("Stable/Stable/Common", "x")),
        ('#pragma D binding "1.0" x', "binding", ("1.0", "x")),
        ("#pragma D depends_on library io.d", "depends_on", ("library", "io.d")),
        ("#error no such machine", "error", ("no", "such", "machine")),
        ("#pragma error no", "error", ("no",)),
    ],
)
def test_pragmas_become_items(line: str, kind: str, words: tuple[str, ...]) -> None:
    first, _ = program(f"{line}\nBEGIN {{ }}").items
    assert isinstance(first, ast.Pragma)
    assert (first.kind, first.words) == (kind, words)


def test_pragmas_stand_where_they_were_written() -> None:
    kinds = [
        type(it).__name__ for it in program("#pragma D option a\nBEGIN { }\n#pragma D option b\nint x;\n#error c").items
    ]
    assert kinds == ["Pragma", "Clause", "Pragma", "VariableDecl", "Pragma"]


def test_a_pragma_inside_a_clause_counts() -> None:
    assert [type(it).__name__ for it in program("BEGIN {\n#pragma D option quiet\n a; }").items] == ["Clause", "Pragma"]


@pytest.mark.parametrize("line", ["#", "# ", '#ident "x"', '#pragma ident "x"', "#pragma once", "#pragma", "#!/bin/x"])
def test_other_pragmas_are_ignored(line: str) -> None:
    assert len(program(f"{line}\nBEGIN {{ }}").items) == 1


@pytest.mark.parametrize(
    ("line", "tag"),
    [
        ("#include <x.h>", "D_PRAGCTL_INVAL"),
        ("#nonsense", "D_PRAGCTL_INVAL"),
        ("#pragma D nonsense", "D_PRAGMA_INVAL"),
        ("#pragma D option", "D_PRAGMA_MALFORM"),
        ("#pragma D option a b", "D_PRAGMA_MALFORM"),
        ("#pragma D binding 1.0 x", "D_PRAGMA_MALFORM"),
        ("#pragma D attributes x", "D_PRAGMA_MALFORM"),
        ("#line x", "D_PRAGMA_MALFORM"),
        ('#pragma D option "a', "D_STR_NL"),
        ("BEGIN #", "D_SYNTAX"),
    ],
)
def test_bad_control_lines_have_libdtraces_tags(line: str, tag: str) -> None:
    assert problem(f"{line}\nBEGIN {{ }}").tag == tag


def test_the_preprocessors_lines_hint_at_its_option() -> None:
    assert "-C" in problem("#define X 1\nBEGIN { }").hint


@pytest.mark.parametrize(
    "marker", ['# 12 "other.d"', '#line 12 "other.d"', '# 12 "other.d" 1 3', '#pragma line 12 "other.d"']
)
def test_line_markers_move_spans(marker: str) -> None:
    text = f"BEGIN {{ }}\n{marker}\nBEGIN {{\n  x;\n# 40\n  y; }}"
    first, second = program(text).items
    assert first.span.location == ("test.d", 1, 1)
    assert second.span.location == ("other.d", 12, 1)
    assert isinstance(second, ast.Clause)
    x, y = second.body or ()
    assert (x.span.location, y.span.location) == (("other.d", 13, 3), ("other.d", 40, 3))


def test_errors_are_told_at_the_marked_line() -> None:
    span = problem('# 7 "a.d"\nBEGIN { ) }').span
    assert span is not None
    assert span.location == ("a.d", 7, 9)


def test_what_looks_like_a_marker_in_a_comment_is_none() -> None:
    (only,) = program('/*\n# 12 "other.d"\n*/\nBEGIN { }').items
    assert only.span.location == ("test.d", 4, 1)
