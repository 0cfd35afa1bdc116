"""Vector instructions that the kernel takes for others, by their bytes."""

from __future__ import annotations

import pytest

from dtrans.run.kernel.opcodes import is_mistaken, sound_start

pytestmark = pytest.mark.needs("machine:x86_64")


@pytest.mark.parametrize(
    ("code", "mistaken"),
    [
        ("62e27d287ace", True),  # vpbroadcastb %esi,%ymm17: jp
        ("c5f1ebc0", True),  # vpor %xmm0,%xmm1,%xmm0: jmp
        ("c5f877", True),  # vzeroupper: ja
        ("c4e1f97ec8", True),  # vmovq %xmm1,%rax: jle
        ("c4e1f96ecf", False),  # vmovq %rdi,%xmm1
        ("c5f057c0", False),  # vxorps %xmm0,%xmm1,%xmm0: push, of which the kernel asks the length
        ("7a10", False),  # jp
        ("eb10", False),  # jmp
        ("554889e5", False),  # push %rbp
        ("c5", False),
        ("", False),
    ],
)
def test_a_vector_instruction_is_mistaken_by_the_byte_of_its_opcode(code: str, mistaken: bool) -> None:
    assert is_mistaken(bytes.fromhex(code)) is mistaken


@pytest.mark.parametrize(
    ("code", "start"),
    [
        ("89f8c3", 0),
        ("62e27d287ace89f8", 6),
        ("62e27d287ace62e27d287ace89f8", 12),
        ("c5f1ebc089f8", None),
        ("62e27d287acec5f1ebc0", None),
    ],
)
def test_a_probe_of_a_function_stands_behind_broadcasts(code: str, start: int | None) -> None:
    assert sound_start(bytes.fromhex(code)) == start
