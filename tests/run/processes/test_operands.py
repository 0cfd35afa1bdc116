"""Arguments as the notes of probes write them. Offsets are those of struct pt_regs (x86: words from r15 on)."""

from __future__ import annotations

import pytest

from dtrans.run.processes.operands import MOST_OPERANDS, OPERAND, Operand, operands

_SITE = 0x1000
_X86 = {name: 8 * word for word, name in enumerate("r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di".split())}
_X86 |= {"ip": 128, "sp": 152}


def _symbol(name: str) -> int | None:
    return {"counter": 0x5018}.get(name)


def _one(text: str, machine: str = "x86_64") -> Operand:
    (operand,) = operands(text, machine, _SITE, _symbol)
    return operand


@pytest.mark.parametrize(
    ("text", "register", "size", "signed"),
    [
        ("8@%rdi", "di", 8, False),
        ("-4@%eax", "ax", 4, True),
        ("2@%cx", "cx", 2, False),
        ("1@%dl", "dx", 1, False),
        ("-1@%sil", "si", 1, True),
        ("4@%r12d", "r12", 4, False),
        ("-8@%r8", "r8", 8, True),
        ("%rbx", "bx", 8, False),
    ],
)
def test_registers_by_any_of_their_names(text: str, register: str, size: int, signed: bool) -> None:
    assert _one(text) == Operand("register", base=_X86[register], size=size, signed=signed)


def test_constants() -> None:
    assert _one("4@$123") == Operand("constant", 123, size=4)
    assert _one("-8@$-1") == Operand("constant", -1, signed=True)
    assert _one("-4@$0x10") == Operand("constant", 16, size=4, signed=True)


def test_memory_by_displacement_base_index_and_scale() -> None:
    assert _one("-4@-20(%rbp)") == Operand("memory", -20, base=_X86["bp"], size=4, signed=True)
    assert _one("8@(%rsp)") == Operand("memory", 0, base=_X86["sp"])
    whole = _one("8@16(%rax,%rdx,8)")
    assert whole == Operand("memory", 16, base=_X86["ax"], index=_X86["dx"], scale=3)
    assert _one("8@0x40(,%r9,4)") == Operand("memory", 0x40, index=_X86["r9"], scale=2)


def test_a_variable_is_found_from_the_site_wherever_the_file_is_loaded() -> None:
    assert _one("-4@counter(%rip)") == Operand("memory", 0x5018 - _SITE, base=_X86["ip"], size=4, signed=True)
    assert _one("4@8+counter(%rip)") == _one("4@counter+8(%rip)")
    assert _one("4@counter+8(%rip)") == Operand("memory", 0x5020 - _SITE, base=_X86["ip"], size=4)


@pytest.mark.parametrize("text", ["8@%xmm0", "8f@%xmm0", "4@%fs:16", "8@unknown(%rip)", "8@%ah", "nonsense", "4@$x"])
def test_what_programs_cannot_get_at_is_told_apart(text: str) -> None:
    assert _one(text).kind == "none"


def test_words_of_aarch64() -> None:
    texts = "8@x0 -4@w12 4@[sp, 44] -8@[x29, -16] 8@[x1] 4@7 8@sp"
    assert operands(texts, "aarch64", _SITE, _symbol) == (
        Operand("register", base=0),
        Operand("register", base=96, size=4, signed=True),
        Operand("memory", 44, base=248, size=4),
        Operand("memory", -16, base=232, signed=True),
        Operand("memory", 0, base=8),
        Operand("constant", 7, size=4),
        Operand("register", base=248),
    )
    assert operands("-4@wzr 8@xzr", "aarch64", _SITE, _symbol) == (
        Operand("constant", 0, size=4, signed=True),
        Operand("constant", 0),
    )


def test_memory_of_aarch64_by_a_register_that_is_shifted() -> None:
    assert _one("8@[x0, x1]", "aarch64") == Operand("memory", base=0, index=8)
    assert _one("4@[x2, x30, lsl 2]", "aarch64") == Operand("memory", base=16, index=240, scale=2, size=4)
    assert _one("8@[sp, #16]", "aarch64") == Operand("memory", 16, base=248)


def test_a_variable_of_aarch64_is_found_from_the_page_that_a_register_has() -> None:
    assert _one("-4@[x0, #:lo12:counter]", "aarch64") == Operand("memory", 0x018, base=0, size=4, signed=True)
    assert _one("8@[x3, :lo12:counter+8]", "aarch64") == Operand("memory", 0x020, base=24)


@pytest.mark.parametrize("text", ["8f@d0", "8@[x0, x1, sxtw]", "8@[x0, #:lo12:unknown]", "8@x31", "8@w"])
def test_what_programs_cannot_get_at_on_aarch64_is_told_apart(text: str) -> None:
    assert _one(text, "aarch64").kind == "none"


def test_there_are_at_most_twelve() -> None:
    assert len(operands(" ".join(["8@%rdi"] * 14), "x86_64", _SITE, _symbol)) == MOST_OPERANDS
    assert operands("", "x86_64", _SITE, _symbol) == ()


def test_packed_is_what_programs_read() -> None:
    packed = Operand("memory", -20, base=32, index=96, scale=3, size=4, signed=True).packed()
    assert OPERAND.unpack(packed) == (-20, 32, 96, 3, 3, 4, 1)
