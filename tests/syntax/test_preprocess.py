"""Option -C."""

from __future__ import annotations

from pathlib import Path

import pytest

from dtrans.errors import Diagnostic, DtransError
from dtrans.source import Source
from dtrans.syntax import ast, parse
from dtrans.syntax.preprocess import headers, preprocess
from dtrans.syntax.printer import show


def read(text: str, **options: object) -> ast.Program:
    return parse(preprocess(Source("my tool.d", text), **options))  # type: ignore[arg-type]


def refusal(text: str, **options: object) -> Diagnostic:
    with pytest.raises(DtransError) as caught:
        read(text, **options)
    return caught.value.diagnostic


def test_macros_are_replaced_and_spans_keep_their_lines() -> None:
    text = "#!/usr/sbin/dtrace -Cs\n#pragma D option quiet\n#define RATE 101\n/* a\n b */\n"
    text += "profile-RATE\n{ trace(RATE); }\n"
    pragma, clause = read(text).items
    assert "profile-101" in show(clause)
    assert "trace(101)" in show(clause)
    assert pragma.span.location[:2] == ("my tool.d", 2)
    assert clause.span.location == ("my tool.d", 6, 1)


def test_errors_after_the_preprocessor_name_the_scripts_line() -> None:
    span = refusal("#define X 1\nBEGIN {\n\n ) }").span
    assert span is not None
    assert span.location == ("my tool.d", 4, 2)


def test_headers_of_the_caller_are_found_and_named(tmp_path: Path) -> None:
    (tmp_path / "mine.h").write_text("#define TOP 3\nint x;\n)\n")
    span = refusal("#include <mine.h>\nBEGIN { }", include_dirs=[str(tmp_path)]).span
    assert span is not None
    assert span.location[:2] == (str(tmp_path / "mine.h"), 3)


def test_a_header_in_quotes_is_found_beside_the_script(tmp_path: Path) -> None:
    (tmp_path / "mine.h").write_text("#define TOP 3\n")
    script = tmp_path / "tool.d"
    script.write_text('#include "mine.h"\nBEGIN { trace(TOP); }')
    (clause,) = parse(preprocess(Source(str(script), script.read_text()))).items
    assert "trace(3)" in show(clause)


def test_defines_and_undefines_are_passed_on() -> None:
    text = "#ifdef A\nBEGIN { trace(A); }\n#else\nEND { trace(B); }\n#endif"
    assert "trace(7)" in show(read(text, defines=["A=7"]))
    assert "trace(8)" in show(read(text, defines=["A", "B=8"], undefines=["A"]))


def test_scripts_can_tell_that_d_reads_them() -> None:
    text = "#if __SUNW_D && __SUNW_D_VERSION >= 0x01000000 && !defined(__GNUC__)\nBEGIN { }\n#endif"
    assert len(read(text).items) == 1


def test_words_that_are_modules_are_no_macros() -> None:
    assert "unix`linux" in show(read("BEGIN { trace(unix`linux); }"))


@pytest.mark.parametrize("header", headers())
def test_solaris_headers_that_scripts_include_exist_and_parse(header: str) -> None:
    assert len(read(f"#include <{header}>\n#include <{header}>\nBEGIN {{ }}").items) == 1


def test_headers_of_solaris_and_of_c_can_stand_side_by_side() -> None:
    text = "".join(f"#include <{header}>\n" for header in headers())
    text += "BEGIN /S_ISDIR(arg0) && MIN(arg1, 2)/ { x = LLONG_MIN; y = UINT_MAX; z = PROT_READ | MAP_ANON; }\n"
    text += "END { a = INT64_MIN; }\n"
    text += "#if __BYTE_ORDER != __LITTLE_ENDIAN\n#error byte order\n#endif"
    shown = show(read(text))
    assert "arg0 & 0170000" in shown or "arg0 & 61440" in shown or "& 0xf000" in shown
    assert "MAP_ANON" not in shown
    assert "INT64_MIN" not in shown


def test_solaris_headers_bring_their_macros() -> None:
    text = "#include <sys/file.h>\n#include <sys/byteorder.h>\n#include <inet/common.h>\n"
    text += "BEGIN /arg1 & FREAD/ { x = BSWAP_16(y); z = BE16_TO_U16(arg0); }\n"
    text += "#if defined(_BIG_ENDIAN) == defined(_LITTLE_ENDIAN)\n#error byte order\n#endif"
    shown = show(read(text))
    assert "arg1 & 0x1" in shown
    assert "BE16" not in shown
    assert "BSWAP" not in shown


def test_a_missing_header_is_an_error_at_its_line() -> None:
    diagnostic = refusal("#!/usr/sbin/dtrace\n#include <sys/nosuch.h>\nBEGIN { }")
    assert diagnostic.tag == "D_CPP_EXIT"
    assert diagnostic.span is not None
    assert (diagnostic.span.location[1], diagnostic.span.text) == (2, "<sys/nosuch.h>")
    assert "sys/file.h" in diagnostic.hint


def test_an_error_inside_a_header_names_the_header(tmp_path: Path) -> None:
    (tmp_path / "mine.h").write_text("\n#error not here\n")
    diagnostic = refusal("#include <mine.h>\n", include_dirs=[str(tmp_path)])
    assert diagnostic.tag == "D_CPP_EXIT"
    assert f"{tmp_path}/mine.h:2: " in diagnostic.message


def test_a_preprocessor_that_is_not_there_is_an_error() -> None:
    diagnostic = refusal("BEGIN { }", command="/nonexistent/cpp")
    assert diagnostic.tag == "D_CPP_ERR"
    assert "/nonexistent/cpp" in diagnostic.message


def test_a_preprocessor_that_fails_silently_is_an_error() -> None:
    assert refusal("BEGIN { }", command="false").tag == "D_CPP_EXIT"


def test_text_that_is_no_utf8_passes_through() -> None:
    tree = parse(preprocess(Source("x.d", 'BEGIN { trace("\udcff"); }')))
    assert r'trace("\377")' in show(tree)
