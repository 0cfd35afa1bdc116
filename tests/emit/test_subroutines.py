"""Each C function of templates/c gives in the kernel what a model in Python gives.

The models follow the Guide's "Actions and Subroutines" and illumos' dtrace_dif_subr (uts/common/dtrace/dtrace.c).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from tests.emit.rig import CAP, FOLDER, Rig, closure, layouts, wrong_steps
from tests.generator.subroutines import (
    basename,
    cleanpath,
    digits,
    dirname,
    index,
    lltostr,
    rindex,
    strtoll,
    substr,
    tokens,
)

pytestmark = pytest.mark.needs("root", "bcc")

S64 = st.integers(-(2**63), 2**63 - 1)
QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

#: Program name -> what it calls. dst holds CAP bytes, and has room.
BODIES = {
    "strlen": "x->out[0] = dt_strlen(x->a, CAP);",
    "strcmp": "x->out[0] = dt_strcmp(x->a, CAP, x->b, CAP);",
    "streq": "x->out[0] = dt_streq(x->a, CAP, x->b, CAP);",
    "strcpy": "dt_strcpy(x->dst, CAP, x->a, CAP);",
    "strcpy_short": "dt_strcpy(x->dst, 16, x->a, CAP);",
    "strpad": "dt_strpad(x->a, CAP);",
    "strjoin": "dt_strjoin(x->dst, CAP, x->a, CAP, x->b, CAP);",
    "strjoin_short": "dt_strjoin(x->dst, 24, x->a, CAP, x->b, CAP);",
    "toupper": "dt_toupper(x->dst, CAP, x->a, CAP);",
    "tolower": "dt_tolower(x->dst, CAP, x->a, CAP);",
    "memstr": "x->out[0] = dt_memstr(x->dst, CAP, (u64)x->a, x->in[0], x->in[1]);",
    "strchr": "x->out[0] = dt_strchr(x->dst, CAP, x->a, CAP, x->in[0]);",
    "strrchr": "x->out[0] = dt_strrchr(x->dst, CAP, x->a, CAP, x->in[0]);",
    "substr": "dt_substr(x->dst, CAP, x->a, CAP, x->in[0], x->in[1]);",
    "basename": "dt_basename(x->dst, CAP, x->a, CAP);",
    "dirname": "dt_dirname(x->dst, CAP, x->a, CAP);",
    "cleanpath": "dt_cleanpath(x->dst, CAP, x->a, CAP);",
    "strstr": "x->out[0] = dt_strstr(x->dst, CAP, x->a, CAP, x->b, CAP, (u8 *)x->work);",
    "strstr_64": "x->out[0] = dt_strstr(x->dst, CAP, x->a, CAP, x->b, 64, (u8 *)x->work);",
    "strstr_8": "x->out[0] = dt_strstr(x->dst, CAP, x->a, CAP, x->b, 8, NULL);",
    "index": "x->out[0] = dt_index(x->a, CAP, x->b, CAP, (u8 *)x->work, x->in[0]);",
    "index_64": "x->out[0] = dt_index(x->a, CAP, x->b, 64, (u8 *)x->work, x->in[0]);",
    "index_8": "x->out[0] = dt_index(x->a, CAP, x->b, 8, NULL, x->in[0]);",
    "rindex": "x->out[0] = dt_rindex(x->a, CAP, x->b, CAP, (u8 *)x->work, x->in[0]);",
    "rindex_64": "x->out[0] = dt_rindex(x->a, CAP, x->b, 64, (u8 *)x->work, x->in[0]);",
    "rindex_8": "x->out[0] = dt_rindex(x->a, CAP, x->b, 8, NULL, x->in[0]);",
    "strtok": "x->out[0] = dt_strtok(x->dst, CAP, x->state, CAP, x->b, CAP);",
    "json": "x->out[0] = dt_json(x->dst, CAP, x->a, CAP, x->b, 64, x->work);",
    "json_constants": "*(u64 *)x->a = 0x7d35203a2261227bULL; *(u64 *)(x->a + 8) = 0; *(u64 *)x->b = 'a';"
    "x->out[0] = dt_json(x->dst, CAP, x->a, CAP, x->b, 8, x->work);",
    "lltostr": "x->out[0] = dt_lltostr(x->dst, CAP, x->in[0], x->in[1]);",
    "lltostr_10": "x->out[0] = dt_lltostr(x->dst, CAP, x->in[0], 10);",
    "strtoll": "x->out[0] = dt_strtoll(x->a, CAP, x->in[0]);",
    "strtoll_10": "x->out[0] = dt_strtoll(x->a, CAP, 10);",
    "inet_ntoa": "dt_inet_ntoa(x->dst, CAP, x->in[0]);",
    "inet_ntoa6": "dt_inet_ntoa6(x->dst, CAP, (u8 *)x->in, false);",
    "inet_ntop6": "dt_inet_ntoa6(x->dst, CAP, (u8 *)x->in, true);",
    "add_square": "u64 l = x->in[0], h = x->in[1]; dt_add_square(&l, &h, x->in[2]); x->out[0] = l; x->out[1] = h;",
    "quantize": "x->out[0] = dt_quantize_bucket(x->in[0]);",
    "lquantize": "x->out[0] = dt_lquantize_level(x->in[0], -10, 7, 20);",
    "llquantize": "x->out[0] = dt_llquantize_bucket(x->in[0], 10, 0, 6, 20);",
    "llquantize_high": "x->out[0] = dt_llquantize_bucket(x->in[0], 10, 3, 18, 10);",
    "llquantize_two": "x->out[0] = dt_llquantize_bucket(x->in[0], 2, 3, 10, 16);",
}
#: Instructions that json() may cost the verifier. Programs always call it.
JSON_STEPS = 200_000


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    names = {name.split("_")[0] for name in BODIES} - {"add", "inet"} | {"add_square", "inet_ntoa", "inet_ntoa6"}
    made = Rig(sorted(names), BODIES)
    yield made
    made.close()


def text(*, most: int = CAP - 1, alphabet: bytes | None = None) -> st.SearchStrategy[bytes]:
    """Strings without a NUL; short ones, and ones that fill the slot."""
    characters = st.sampled_from(list(alphabet)) if alphabet else st.integers(1, 255)
    short = st.lists(characters, max_size=min(most, 24)).map(bytes)
    return short | st.lists(characters, min_size=min(most, 8), max_size=most).map(bytes)


# --- strings ------------------------------------------------------------------------------------------------------


@QUICK
@given(s=text())
@example(s=b"x" * (CAP - 1))
def test_strlen_counts_up_to_the_nul(rig: Rig, s: bytes) -> None:
    assert rig.run("strlen", a=s).out[0] == len(s)


@QUICK
@given(a=text(alphabet=b"a\xff\x01"), b=text(alphabet=b"a\xff\x01"), same=st.booleans())
@example(a=b"abc", b=b"abcd", same=False)
@example(a=b"", b=b"", same=False)
def test_strings_compare_as_unsigned_characters(rig: Rig, a: bytes, b: bytes, same: bool) -> None:
    if same:
        b = a
    assert rig.run("strcmp", a=a, b=b).out[0] == (a > b) - (a < b)
    assert rig.run("streq", a=a, b=b).out[0] == (a == b)


@QUICK
@given(s=text())
def test_strcpy_copies_and_cuts(rig: Rig, s: bytes) -> None:
    assert rig.run("strcpy", a=s).text == s
    cut = rig.run("strcpy_short", a=s)
    assert cut.text == s[:15]
    assert cut.parts["dst"][16:] == b"\xa5" * (CAP - 16)


@QUICK
@given(s=text())
def test_strpad_zeroes_all_behind_the_nul(rig: Rig, s: bytes) -> None:
    assert rig.run("strpad", a=s).parts["a"] == s.ljust(CAP, b"\0")


@QUICK
@given(a=text(), b=text())
@example(a=b"x" * 255, b=b"y")
@example(a=b"x" * 254, b=b"yz")
@example(a=b"", b=b"")
def test_strjoin_appends_and_cuts_within_dst(rig: Rig, a: bytes, b: bytes) -> None:
    joined = rig.run("strjoin", a=a, b=b)
    assert joined.text == (a + b)[: CAP - 1]
    assert joined.parts["room"] == b"\xa5" * (2 * CAP)
    short = rig.run("strjoin_short", a=a, b=b)
    assert short.text == (a + b)[:23]
    assert short.parts["dst"][24:] == b"\xa5" * (CAP - 24)


@QUICK
@given(s=text())
@example(s=bytes(range(1, 256)))
def test_case_is_turned_for_ascii_letters_only(rig: Rig, s: bytes) -> None:
    assert rig.run("toupper", a=s).text == s.upper()
    assert rig.run("tolower", a=s).text == s.lower()


@QUICK
@given(parts=st.lists(text(), max_size=4), c=st.sampled_from(b" ,\xff\0"), n=st.integers(0, CAP + 9) | S64)
@example(parts=[b"one", b"two"], c=32, n=8)
def test_memstr_puts_a_character_where_a_nul_is(rig: Rig, parts: list[bytes], c: int, n: int) -> None:
    memory = b"\0".join(parts)[: CAP - 1]
    memory += bytes(CAP - 1 - len(memory))
    count = min(n % 2**64 - 1, CAP - 1) if n else 0
    made = rig.run("memstr", [c, n], a=memory)
    assert made.out[0] == 1
    assert made.text == memory[:count].replace(b"\0", bytes([c])).partition(b"\0")[0]


@QUICK
@given(s=text(alphabet=b"ab/\x01\xff"), c=st.sampled_from(b"ab/\x01\xffz\0"))
@example(s=b"\x01a", c=0)
@example(s=b"b" * 255, c=ord("a"))
def test_strchr_and_strrchr_give_the_rest_of_the_string(rig: Rig, s: bytes, c: int) -> None:
    for name, at in (("strchr", (s + b"\0").find(c)), ("strrchr", (s + b"\0").rfind(c))):
        found = rig.run(name, [c], a=s)
        assert found.out[0] == (at >= 0)
        assert found.text == (s[at:] if at >= 0 else b"")


@QUICK
@given(s=text(), start=st.integers(-300, 300) | S64, length=st.integers(-300, 300) | st.integers(-(2**31), 2**31))
@example(s=b"hello", start=-3, length=2)
@example(s=b"hello", start=-7, length=4)
@example(s=b"hello", start=1, length=-2)
def test_substr_counts_from_both_ends(rig: Rig, s: bytes, start: int, length: int) -> None:
    assert rig.run("substr", [start, length], a=s).text == substr(s, start, length)


# --- searching ----------------------------------------------------------------------------------------------------


@st.composite
def haystacks(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A string, and one that may stand in it."""
    s = draw(text(alphabet=b"ab") | text(alphabet=b"abcdefgh"))
    if s and draw(st.booleans()):
        at = draw(st.integers(0, len(s) - 1))
        return s, s[at : at + draw(st.integers(0, 255))]
    return s, draw(text(alphabet=b"ab", most=90))


@settings(QUICK, max_examples=300)
@given(pair=haystacks(), start=st.integers(-3, 300) | S64)
@example(pair=(b"", b""), start=5)
@example(pair=(b"abab", b""), start=9)
@example(pair=(b"x" * 255, b"x" * 255), start=0)
@example(pair=(b"a" * 200 + b"b" + b"a" * 54, b"a" * 100), start=150)
def test_searches_find_what_python_finds(rig: Rig, pair: tuple[bytes, bytes], start: int) -> None:
    s, n = pair
    for suffix in [""] + ["_64"] * (len(n) < 64) + ["_8"] * (len(n) < 8):
        assert rig.run(f"index{suffix}", [start], a=s, b=n).out[0] == index(s, n, start)
        assert rig.run(f"rindex{suffix}", [start], a=s, b=n).out[0] == rindex(s, n, start)
        found = rig.run(f"strstr{suffix}", a=s, b=n)
        at = s.find(n)
        assert found.out[0] == (at >= 0)
        assert found.text == (s[at:] if at >= 0 else b"")


@QUICK
@given(s=text(alphabet=b"ab,; \xff"), delimiters=text(alphabet=b",; \xff", most=20))
@example(s=b"", delimiters=b",")
@example(s=b",,,", delimiters=b",")
@example(s=b"x" * 255, delimiters=b",")
def test_strtok_gives_one_token_a_call(rig: Rig, s: bytes, delimiters: bytes) -> None:
    result = rig.run("strtok", state=s.ljust(CAP + 7, b"\0"), b=delimiters)
    for token in tokens(s, delimiters):
        assert (result.out[0], result.text) == (1, token)
        result = rig.again("strtok")
    for _ in range(2):
        assert (result.out[0], result.text) == (0, b"")
        result = rig.again("strtok")


def test_strtok_without_a_string_before_finds_nothing(rig: Rig) -> None:
    assert rig.run("strtok", b=b",", state=bytes(CAP + 7)).out[0] == 0


# --- paths --------------------------------------------------------------------------------------------------------

PATHS = text(alphabet=b"//..ab")


@QUICK
@given(s=PATHS)
@example(s=b"")
@example(s=b"/")
@example(s=b"//")
@example(s=b"/usr/lib/")
@example(s=b"usr")
@example(s=b"/" * 255)
def test_basename_and_dirname_split_as_posix_says(rig: Rig, s: bytes) -> None:
    assert rig.run("basename", a=s).text == basename(s)
    assert rig.run("dirname", a=s).text == dirname(s)


@settings(QUICK, max_examples=400)
@given(s=PATHS)
@example(s=b"/a/./b//c/../d")
@example(s=b"../../a")
@example(s=b"/a/..")
@example(s=b"/..")
@example(s=b"/../" * 63 + b"abc")
@example(s=b"/a" * 127)
def test_cleanpath_removes_what_goes_nowhere(rig: Rig, s: bytes) -> None:
    result = rig.run("cleanpath", a=s)
    assert result.text == cleanpath(s)
    assert result.parts["room"] == b"\xa5" * (2 * CAP)


# --- numbers ------------------------------------------------------------------------------------------------------


@QUICK
@given(value=S64 | st.integers(-1000, 1000), base=st.integers(2, 36) | st.sampled_from([8, 10, 16]))
@example(value=-(2**63), base=10)
@example(value=-1, base=2)
@example(value=0, base=16)
def test_lltostr_writes_numbers_as_dtrace_does(rig: Rig, value: int, base: int) -> None:
    result = rig.run("lltostr", [value, base])
    assert (result.out[0], result.text.decode()) == (1, lltostr(value, base))
    assert rig.run("lltostr_10", [value]).text.decode() == str(value)


@pytest.mark.parametrize("base", [-1, 0, 1, 37, 2**32 - 1])
def test_lltostr_refuses_an_impossible_base(rig: Rig, base: int) -> None:
    result = rig.run("lltostr", [5, base])
    assert (result.out[0], result.text) == (0, b"")


@QUICK
@given(
    value=S64 | st.integers(-1000, 1000),
    base=st.integers(2, 36),
    lead=st.text(" \t", max_size=20),
    tail=st.sampled_from(["", " ", "!", ":", "@", "[", "`", "{", "\x7f", "z", "9"]),
)
@example(value=26, base=16, lead="  0x", tail="g")
def test_strtoll_reads_what_it_is_given(rig: Rig, value: int, base: int, lead: str, tail: str) -> None:
    s = (lead + ("-" if value < 0 else "") + (digits(abs(value), base) or "0") + tail).encode()
    assert rig.run("strtoll", [base], a=s).out[0] == strtoll(s, base)


@QUICK
@given(s=text(alphabet=b" \t+-0xX19afFgzZ:@`", most=90), base=st.sampled_from([2, 8, 10, 16, 36]))
@example(s=b"0x", base=16)
@example(s=b"-0x1F", base=16)
@example(s=b"--1", base=10)
def test_strtoll_stops_where_no_digit_is(rig: Rig, s: bytes, base: int) -> None:
    assert rig.run("strtoll", [base], a=s).out[0] == strtoll(s, base)
    assert rig.run("strtoll_10", a=s).out[0] == strtoll(s, 10)


# --- addresses ----------------------------------------------------------------------------------------------------


@QUICK
@given(address=st.binary(min_size=4, max_size=4))
def test_inet_ntoa_writes_a_dotted_quad(rig: Rig, address: bytes) -> None:
    number = int.from_bytes(address, "little")
    assert rig.run("inet_ntoa", [number]).text.decode() == str(ipaddress.IPv4Address(address))


def inet_ntoa6(address: bytes, *, embedded: bool) -> str:
    groups = [int.from_bytes(address[i : i + 2], "big") for i in range(0, 16, 2)]
    low = int.from_bytes(address[12:], "big")
    has_four = not any(address[:10]) and (groups[5] == 0xFFFF or (groups[5] == 0 and low > 1))
    if has_four and not embedded:
        return str(ipaddress.IPv4Address(address[12:]))
    # dtrace_dif_subr's search for the run, byte by byte.
    first, attempt, length = -1, -1, 1
    for i, byte in enumerate(address):
        if byte == 0 and attempt == -1 and i % 2 == 0:
            attempt = i
        elif attempt != -1 and (byte or i == 15):
            if i - attempt > length:
                first, length = attempt, i - i % 2 - attempt + (2 if byte == 0 else 0)
            attempt = -1
    written = [f"{group:x}" for group in groups[: 6 if has_four else 8]]
    if has_four:
        written.append(str(ipaddress.IPv4Address(address[12:])))
    if first < 0:
        return ":".join(written)
    start, end = first // 2, (first + length) // 2
    if has_four:
        end = min(end, 6)
    return ":".join(written[:start]) + "::" + ":".join(written[end:])


GROUPS = [b"\0\0"] * 4 + [b"\0\1", b"\1\0", b"\xfe\x80", b"\x0f\xff"]


@settings(QUICK, max_examples=400)
@given(groups=st.lists(st.sampled_from(GROUPS), min_size=8, max_size=8))
@example(groups=[b"\0\0"] * 8)
@example(groups=[b"\0\0"] * 7 + [b"\0\1"])
@example(groups=[b"\0\0"] * 5 + [b"\xff\xff", b"\x7f\0", b"\0\1"])
@example(groups=[b"\0\0"] * 6 + [b"\x7f\0", b"\0\1"])
@example(groups=[b"\x20\x01"] + [b"\xab\xcd"] * 6 + [b"\0\0"])
@example(groups=[b"\x20\x01"] + [b"\xab\xcd"] * 7)
def test_inet_ntoa6_writes_one_run_of_zeros_as_two_colons(rig: Rig, groups: list[bytes]) -> None:
    address = b"".join(groups)
    numbers = [int.from_bytes(address[i : i + 8], "little", signed=True) for i in (0, 8)]
    for name, embedded in (("inet_ntoa6", False), ("inet_ntop6", True)):
        shown = rig.run(name, numbers).text.decode()
        assert shown == inet_ntoa6(address, embedded=embedded)
        if embedded:
            assert ipaddress.IPv6Address(shown) == ipaddress.IPv6Address(address)


# --- aggregations -------------------------------------------------------------------------------------------------


@QUICK
@given(total=st.integers(0, 2**128 - 1), value=S64)
@example(total=2**64 - 1, value=1)
@example(total=0, value=-(2**63))
def test_squares_add_up_in_128_bits(rig: Rig, total: int, value: int) -> None:
    signed = [part - 2**64 if part >= 2**63 else part for part in (total % 2**64, total >> 64)]
    low, high = (part % 2**64 for part in rig.run("add_square", [*signed, value]).out[:2])
    assert (high << 64 | low) == (total + value * value) % 2**128


@QUICK
@given(value=S64 | st.integers(-70, 70) | st.builds(lambda k, d: (1 << k) + d, st.integers(0, 62), st.integers(-1, 1)))
@example(value=-(2**63))
@example(value=-(2**62) - 1)
@example(value=0)
def test_quantize_buckets_are_powers_of_two(rig: Rig, value: int) -> None:
    bound = [-(1 << (62 - i)) for i in range(63)] + [0] + [1 << (i - 64) for i in range(64, 127)]
    if value < 0:
        bucket = next(i for i in range(63) if value <= bound[i])
    else:
        bucket = next((i - 1 for i in range(64, 127) if value < bound[i]), 126)
    assert rig.run("quantize", [value]).out[0] == bucket


@QUICK
@given(value=S64 | st.integers(-40, 200))
@example(value=-10)
@example(value=130)
@example(value=129)
def test_lquantize_levels_are_linear(rig: Rig, value: int) -> None:
    level = 0 if value < -10 else min((value + 10) // 7, 20) + 1
    assert rig.run("lquantize", [value]).out[0] == level


def llquantize(value: int, factor: int, low: int, high: int, steps: int) -> int:
    """dtrace_aggregate_llquantize_bucket; an order that 63 bits do not hold ends the last one."""
    last: int = factor**low
    bucket = 1
    if value < last:
        return 0
    this = last * factor
    for _ in range(low, high + 1):
        count = min(this, steps)
        if this * factor >= 2**63:
            value = min(value, this - 1)
        if value < this:
            return bucket + (value - last) // (this // count)
        bucket += count - count // factor
        last, this = this, this * factor
    return bucket


@QUICK
@given(value=S64 | st.integers(-5, 1200) | st.builds(lambda k, d: 10**k + d, st.integers(0, 18), st.integers(-1, 1)))
@example(value=10**7)
@example(value=10**7 - 1)
@example(value=2**63 - 1)
def test_llquantize_buckets_are_linear_within_an_order(rig: Rig, value: int) -> None:
    assert rig.run("llquantize", [value]).out[0] == llquantize(value, 10, 0, 6, 20)
    assert rig.run("llquantize_high", [value]).out[0] == llquantize(value, 10, 3, 18, 10)
    assert rig.run("llquantize_two", [value]).out[0] == llquantize(value, 2, 3, 10, 16)


# --- the library itself -------------------------------------------------------------------------------------------


def test_functions_cost_the_verifier_what_their_files_say(rig: Rig) -> None:
    assert not wrong_steps(rig, {name: name for name in BODIES if name in FILES and name not in ("json", "inet_ntoa6")})
    assert not wrong_steps(rig, {"inet_ntop6": "inet_ntoa6"})
    assert not wrong_steps(rig, {"strstr_8": "strstr", "index_8": "index", "rindex_8": "rindex"}, sought=8)
    assert max(rig.verified["json"], rig.verified["json_constants"]) < JSON_STEPS


def test_no_function_takes_a_third_of_the_stack(rig: Rig) -> None:
    """A program that calls it needs some of the 512 bytes too."""
    assert {name: size for name, size in rig.stack.items() if size > 160} == {}


# --- JSON ---------------------------------------------------------------------------------------------------------


BLANK = st.sampled_from(["", "", " ", "\n", "\t "])
KEYS = st.sampled_from(["a", "b", "key", "0", "ab"])
SCALARS = st.sampled_from(
    [
        "0",
        "-12",
        "3.5",
        "1e5",
        "-2.5E+10",
        "true",
        "false",
        "null",
        '""',
        '"x"',
        '"a\\"b"',
        '"{[,:]}"',
        '"\\u00e9"',
        '"\\\\"',
    ]
)


@st.composite
def documents(draw: st.DrawFn, depth: int = 3) -> tuple[str, dict[str, str]]:
    """A JSON text, and what json() makes of each path into it."""
    kind = draw(st.sampled_from(("object", "array") if depth == 3 else ("object", "array", "scalar", "scalar")))
    if kind == "scalar" or not depth:
        made = draw(SCALARS)
        return made, {"": made[1:-1] if made.startswith('"') else made}
    inner = draw(st.lists(documents(depth - 1), max_size=3))
    names = draw(st.lists(KEYS, min_size=len(inner), max_size=len(inner), unique=True))
    parts, paths = [], {}
    for number, (name, (text_, found)) in enumerate(zip(names, inner, strict=True)):
        before, between, after = draw(BLANK), draw(BLANK), draw(BLANK)
        head = f'{before}"{name}"{between}:{after}' if kind == "object" else before
        parts.append(f"{head}{text_}{after}")
        for path, value in found.items():
            step = name if kind == "object" else f"[{number}]"
            paths[step + ("." if path and path[0] != "[" else "") + path] = value
    whole = ("{" + ",".join(parts) + "}") if kind == "object" else ("[" + ",".join(parts) + "]")
    if kind == "object" and not parts:
        whole = "{" + draw(BLANK) + "}"
    return whole, {**paths, "": whole}


@QUICK
@given(made=documents(), data=st.data())
def test_json_finds_what_a_path_names(rig: Rig, made: tuple[str, dict[str, str]], data: st.DataObject) -> None:
    whole, paths = made
    del paths[""]
    assume(len(whole) < CAP - 4)
    lead = data.draw(BLANK)
    for path, value in paths.items():
        found = rig.run("json", a=(lead + whole).encode(), b=path.encode())
        assert (found.out[0], found.text) == (1, value.encode()), path
        assert found.parts["room"] == b"\xa5" * (2 * CAP)
    # A name is the index 0 of an array, as in dtrace.
    missing = data.draw(st.sampled_from(["zz", "zz.a", "zz[0]"] if whole[0] == "{" else ["[9]", "[9].a", "-1"]))
    assert rig.run("json", a=whole.encode(), b=missing.encode()).out[0] == 0


def test_json_sees_what_was_written_before(rig: Rig) -> None:
    assert rig.run("json_constants").text == b"5"


@pytest.mark.parametrize(
    ("text_", "path"),
    [("", "a"), ("nonsense", "a"), ('"a"', "a"), ('{"a" 1}', "a"), ('{"a": tru}', "a"), ('{"a": 0x10}', "a"),
     ("{a: 1}", "a"), ('{"b": nil, "a": 1}', "a"), ('{"a": [1, 2', "a"), ('{"a": "no end', "a"), ('{"a": 1-2}', "a"),
     ("[1, 2]", "-1")],
)  # fmt: skip
def test_json_finds_nothing_in_what_is_no_json(rig: Rig, text_: str, path: str) -> None:
    found = rig.run("json", a=text_.encode(), b=path.encode())
    assert (found.out[0], found.text) == (0, b"")


FILES = sorted(path.stem for path in FOLDER.glob("*.h"))


def defined(name: str) -> set[str]:
    """The functions that a file defines."""
    source = (FOLDER / f"{name}.h").read_text()
    return set(re.findall(r"^static __always_inline [^\n]*?\b(dt_\w+)\(", source, re.MULTILINE))


@pytest.mark.parametrize("name", FILES)
def test_a_file_declares_what_it_needs_and_where_layouts_come_from(name: str) -> None:
    source = (FOLDER / f"{name}.h").read_text()
    used = set(re.findall(r"\bOFF_\w+", source))
    declared = {macro for _, macro, _, _ in layouts(closure([name]))}
    assert used <= declared
    called = set(re.findall(r"\b(dt_\w+)\(", re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)))
    needed = {other for other in FILES if other != name and defined(other) & called}
    assert needed <= set(closure([name]))


def test_the_readme_lists_every_file() -> None:
    listed = set(re.findall(r"^\| `(\w+)\.h`", (FOLDER / "README.md").read_text(), re.MULTILINE))
    assert listed == set(FILES)


def test_costs_of_several_calls_do_not_multiply(rig: Rig) -> None:
    calls = ["basename", "strjoin", "strchr", "index_8", "substr", "toupper", "streq", "strlen"]
    body = "".join(BODIES[name].replace("x->out[0] =", "x->out[0] +=") for name in calls)
    together = Rig(["basename", "strjoin", "strchr", "index", "substr", "toupper", "streq", "strlen"], {"all": body})
    together.close()
    assert together.verified["all"] < 2 * sum(rig.verified[name] for name in calls)


@pytest.mark.parametrize("cap", [24, 304, 1024])
def test_capacities_need_not_be_powers_of_two(monkeypatch: pytest.MonkeyPatch, cap: int) -> None:
    parts = (("a", cap), ("b", cap), ("state", cap + 8), ("dst", cap), ("room", 4 * cap), ("work", 0))
    monkeypatch.setattr("tests.emit.rig.CAP", cap)
    monkeypatch.setattr("tests.emit.rig.PARTS", parts)
    names = ("strlen", "strcpy", "strjoin", "strrchr", "substr", "basename", "strtok", "strtoll_10", "index_8")
    other = Rig([name.split("_")[0] for name in names], {name: BODIES[name] for name in names})
    try:
        full = b"/a" * (cap // 2 - 1) + b"b"
        for s in (b"", b"/ab,cd", full):
            assert other.run("strlen", a=s).out[0] == len(s)
            assert other.run("strcpy", a=s).text == s
            assert other.run("strjoin", a=s, b=s).text == (s + s)[: cap - 1]
            assert other.run("strrchr", [ord("a")], a=s).text == (s[s.rindex(b"a") :] if s else b"")
            assert other.run("substr", [-3, 2], a=s).text == (s[-3:-1] if s else b"")
            assert other.run("basename", a=s).text == (s.rsplit(b"/", 1)[-1] or b".")
            assert other.run("index_8", [1], a=s, b=b"a").out[0] == s.find(b"a", 1)
        token = other.run("strtok", state=full.ljust(cap + 7, b"\0"), b=b"/b")
        assert (token.out[0], token.text) == (1, b"a")
        assert other.run("strtoll_10", a=b"-" + b"9" * (cap - 8)).out[0] == strtoll(b"-" + b"9" * (cap - 8), 10)
    finally:
        other.close()
