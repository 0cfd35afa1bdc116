"""Shell scripts are read for their commands, without being run."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtrans.port.shell import NEUTRAL, read_commands


def words(text: str) -> list[tuple[str, ...]]:
    return [command.words for command in read_commands(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a 'b c' \"d e\" f\\ g", [("a", "b c", "d e", "f g")]),
        ("a; b && c | d &", [("a",), ("b",), ("c",), ("d",)]),
        ("a 'x'\"y\"z", [("a", "xyz")]),
        ("a \\\n  b", [("a", "b")]),
        ("a # comment 'open\nb", [("a",), ("b",)]),
        ("a#b", [("a#b",)]),
        ("a > out 2> /dev/null < in b", [("a", "b")]),
        ("if a; then b; else c; fi", [("a",), ("b",), ("c",)]),
        ("case $x in\n-a) b ;;\n*) c ;;\nesac", [("1", "in"), ("-a",), ("b",), ("*",), ("c",)]),
        ('a "\\$x \\` \\" \\\\ \\n"', [("a", '$x ` " \\ \\n')]),
        ("(( a = 1 << 2 ))\nb", [("b",)]),
        ("a 'unterminated", [("a", "unterminated")]),
    ],
)
def test_words_of_simple_commands(text: str, expected: list[tuple[str, ...]]) -> None:
    assert words(text) == expected


def test_a_variable_has_its_first_certain_value() -> None:
    assert words("x=$1\nx=5; x=6\na $x ${x} '$x' \"$x\"") == [("a", "5", "5", "$x", "5")]


def test_the_splice_of_a_quoted_program_is_replaced() -> None:
    assert words("top=10\ndtrace -n 'trunc(@, '$top'); trace(\"'\"$name\"'\");'") == [
        ("dtrace", "-n", f'trunc(@, 10); trace("{NEUTRAL}");')
    ]


def test_what_cannot_be_known_is_neutral() -> None:
    assert words('a $1 "$@" $# `date` $(date +%s) $((1 + 2)) ${y#*x}')[-1] == ("a", *[NEUTRAL] * 7)


def test_defaults_in_braces_count() -> None:
    assert words("a ${x:-3} ${y-4}") == [("a", "3", "4")]


def test_commands_in_substitutions_are_commands_too() -> None:
    assert words("a `b -c` $(d -e)") == [("b", "-c"), ("d", "-e"), ("a", NEUTRAL, NEUTRAL)]


def test_a_here_document_is_the_command_s_input() -> None:
    text = "x=7\ncat - << END > out; b\none $x \\$y\nEND\nc <<-'E'\n\traw $x\n\tE\nd\n"
    found = {command.words: command.stdin for command in read_commands(text)}
    assert found == {("cat", "-"): "one 7 $y\n", ("b",): None, ("c",): "raw $x\n", ("d",): None}


def test_a_process_substitution_is_a_file_of_what_it_prints() -> None:
    (command,) = read_commands("n=3\ndtrace -s <( print -r 'BEGIN { '$n' }' ) arg")
    assert command.words == ("dtrace", "-s", "/dev/fd/63", "arg")
    assert command.files == {"/dev/fd/63": "BEGIN { 3 }\n"}


def test_commands_know_where_they_start() -> None:
    assert [command.offset for command in read_commands("a b\n  c\n")] == [0, 6]


@given(st.text(alphabet="ab $'\"`\\(){}<>|&;#\n=1x"))
def test_any_text_is_read_to_its_end(text: str) -> None:
    for command in read_commands(text):
        assert 0 <= command.offset <= len(text)


@given(st.lists(st.text(alphabet="ab '\"\\ \n\t$#"), min_size=1, max_size=3))
def test_quoted_words_are_what_the_shell_makes_of_them(values: list[str]) -> None:
    quoted = " ".join("'" + value.replace("'", "'\\''") + "'" for value in values)
    (command,) = read_commands(f"printf '%s\\0' {quoted}")
    assert list(command.words[2:]) == values
    if shutil.which("sh"):
        told = subprocess.run(["sh", "-c", f"printf '%s\\0' {quoted}"], capture_output=True, check=True).stdout.decode()
        assert told.split("\0")[:-1] == values
