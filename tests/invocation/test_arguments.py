"""The command line of dtrace is read as the original's getopt loop reads it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtrans.errors import DtransError
from dtrans.invocation.arguments import LETTERS, Spec, read_arguments, split_words
from dtrans.options import OPTIONS, Options, check_option

_FLAGS = [letter for index, letter in enumerate(LETTERS) if letter != ":" and LETTERS[index + 1 : index + 2] != ":"]
_VALUED = [letter for index, letter in enumerate(LETTERS) if LETTERS[index + 1 : index + 2] == ":"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-qn", "BEGIN"], [("q", ""), ("n", "BEGIN")]),
        (["-CZs", "x.d"], [("C", ""), ("Z", ""), ("s", "x.d")]),
        (["-b1k"], [("b", "1k")]),
        (["-xquiet"], [("x", "quiet")]),
        (["-p81"], [("p", "81")]),
        (["-p 81"], [("p", " 81")]),
        (["-nBEGIN", "-c", "ls -l"], [("n", "BEGIN"), ("c", "ls -l")]),
        (["-n", "-q"], [("n", "-q")]),
        (["a", "-q", "b"], [("", "a"), ("q", ""), ("", "b")]),
        (["-"], [("", "-")]),
        (["-64"], [("6", "4")]),
    ],
)
def test_clusters_and_attached_values(words: list[str], expected: list[tuple[str, str]]) -> None:
    assert list(split_words(words)) == expected


def test_double_dash_protects_only_the_next_word() -> None:
    assert list(split_words(["--", "-q", "-q"])) == [("", "-q"), ("q", "")]


def test_double_dash_at_the_end_is_nothing() -> None:
    assert list(split_words(["-q", "--"])) == [("q", "")]


def test_words_that_linux_joined_after_the_interpreter_are_split() -> None:
    assert list(split_words(["-q -s", "x.d", "1"])) == [("q", ""), ("s", "x.d"), ("", "1")]


def test_only_the_first_word_is_split_at_blanks() -> None:
    with pytest.raises(DtransError):
        list(split_words(["-q", "-q -s", "x.d"]))


def test_options_follow_operands_and_the_program() -> None:
    arguments = read_arguments(["-n", "BEGIN", "1", "-q", "two", "-c", "date"])
    assert arguments.operands == ("1", "two")
    assert arguments.options == {"quiet": "1"}
    assert arguments.commands == ("date",)


def test_programs_keep_their_order() -> None:
    arguments = read_arguments(["-s", "a.d", "-n", "BEGIN", "-P", "io", "-s", "b.d", "-i", "7", "-m", "m", "-f", "f"])
    assert [spec.kind for spec in arguments.specs] == [
        "script", "name", "provider", "script", "id", "module", "function",
    ]  # fmt: skip
    assert arguments.specs[3] == Spec("script", "b.d")


def test_pids_skip_leading_blanks_as_strtol_does() -> None:
    assert read_arguments(["-p 81", "-p82"]).pids == (81, 82)
    assert read_arguments(["-p", "9" * 5000]).pids[0] > 1 << 64


@pytest.mark.parametrize("text", ["", "x", "81x", "81 ", "-1", "٣"])
def test_other_pids_are_refused_with_status_1(text: str) -> None:
    with pytest.raises(DtransError) as caught:
        read_arguments(["-p", text])
    assert caught.value.exit_status == 1
    assert caught.value.diagnostic.message == f"invalid pid: {text}"


def test_options_are_checked_by_their_kind() -> None:
    assert read_arguments(["-x", "bufsize=16m", "-x", "quiet", "-b8m"]).options == {"bufsize": "8m", "quiet": "1"}
    with pytest.raises(DtransError, match="Invalid option name"):
        read_arguments(["-x", "bogus=1"])


def test_words_for_the_preprocessor_are_kept_in_order() -> None:
    assert read_arguments(["-CIinc", "-DA=1", "-U", "B", "-H"]).preprocessor == ("-Iinc", "-DA=1", "-UB", "-H")


@pytest.mark.parametrize("words", [["-k"], ["-n"], ["-q", "-x"], ["-33"], ["-:"], ["-l", "-V"]])
def test_a_line_that_breaks_the_syntax_has_status_2(words: list[str]) -> None:
    with pytest.raises(DtransError) as caught:
        read_arguments(words)
    assert caught.value.exit_status == 2


@pytest.mark.parametrize("letter", ["a", "A", "B", "G"])
def test_what_linux_has_no_meaning_for_is_refused_with_the_reason(letter: str) -> None:
    with pytest.raises(DtransError) as caught:
        read_arguments([f"-{letter}"])
    assert caught.value.diagnostic.tag == "D_NOT_ON_LINUX"
    assert caught.value.diagnostic.hint


@given(st.lists(st.sampled_from(_FLAGS), min_size=1), st.sampled_from(_VALUED), st.text(min_size=1))
def test_any_cluster_means_the_same_as_its_letters_apart(flags: list[str], valued: str, value: str) -> None:
    apart = [f"-{letter}" for letter in flags] + [f"-{valued}", value]
    assert list(split_words(["-" + "".join(flags) + valued, value])) == list(split_words(apart))
    assert list(split_words(["x", "-" + "".join(flags) + valued + value])) == list(split_words(["x", *apart]))


@given(st.lists(st.text()))
def test_no_line_is_anything_but_read_or_refused(words: list[str]) -> None:
    with suppress(DtransError):
        assert len(read_arguments(words).operands) <= len(words)


#: Values as people give them, and worse.
_VALUES = st.sampled_from(
    [*"0 1 -1 4k 0x10 1e9 99999999999999999999t 1hz 0s 5m ٣ ²k switch on a=b".split(), "", "\0"]
) | st.text(max_size=8)


@given(st.sampled_from([*OPTIONS, "nosuch", ""]), st.none() | _VALUES)
def test_an_option_that_is_taken_can_be_read_and_any_other_is_refused_by_tag(name: str, value: str | None) -> None:
    given_text, refused = "", None
    try:
        given_text = check_option(name, value)
    except DtransError as error:
        refused = error
    if refused is not None:
        assert (refused.diagnostic.tag, refused.exit_status) == ("D_PRAGMA_OPTSET", 1)
        return
    options, option = Options({name: given_text}), OPTIONS[name]
    assert check_option(name, given_text) == given_text
    match option.kind:
        case "flag":
            assert options.flag(name) == (value not in ("0", "false", "disable"))
        case "size":
            assert option.least <= options.size(name) <= option.most
        case "rate":
            assert options.rate(name) > 0
        case "count":
            assert option.least <= (options.count(name) or 0) <= option.most
        case "text":
            assert options.text(name) == value


@given(
    st.lists(
        st.tuples(st.sampled_from([f"-{letter}" for letter in LETTERS if letter != ":"]), _VALUES).map(list)
        | st.tuples(st.just("-x"), st.builds("{}={}".format, st.sampled_from([*OPTIONS]), _VALUES)).map(list)
        | _VALUES.map(lambda word: [word])
    )
)
def test_any_line_of_letters_options_and_values_is_read_or_refused_with_a_status(words: list[list[str]]) -> None:
    status = 0
    try:
        read_arguments([word for group in words for word in group])
    except DtransError as error:
        status = error.exit_status
    assert status in (0, 1, 2)
