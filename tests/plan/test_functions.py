"""Which probes at kernel functions share a program, by what the kernel can do."""

from __future__ import annotations

import pytest

from dtrans.attach import KernelFunctions, Trampoline
from dtrans.check.functions import FunctionProbe
from dtrans.errors import DtransError
from dtrans.plan.functions import attach_functions
from dtrans.types import INT, LONG, Function, StructRef
from tests.run.kernel.test_layouts import Facts

_SIMPLE = Function(LONG, (("fd", INT),))
_BY_VALUE = Function(LONG, (("pair", StructRef("struct", "outer")),))


class Kernel(Facts):
    """A kernel with some features, whose functions all have one type."""

    def __init__(self, *features: str, function: Function | None = _SIMPLE) -> None:
        self._features = features
        self._function = function

    def feature(self, name: str) -> bool:
        return name in self._features

    def function(self, name: str, module: str = "") -> Function | None:
        return self._function


def probes(count: int) -> list[tuple[int, FunctionProbe]]:
    return [(10 + number, FunctionProbe("vmlinux", f"f{number}", True, f"f{number}")) for number in range(count)]


def attached(kernel: Kernel, count: int) -> list[object]:
    return [attach for attach, _ in attach_functions(kernel, "entry", probes(count), None)]


def test_a_few_functions_have_trampolines_and_programs_of_their_own() -> None:
    kernel = Kernel("fentry", "attach_cookie", "kprobe")
    assert attached(kernel, 2) == [Trampoline("entry", "f0"), Trampoline("entry", "f1")]


def test_functions_that_share_a_name_are_attached_to_by_their_addresses_all_of_them() -> None:
    kernel = Kernel("fentry", "attach_cookie", "kprobe")
    probe = FunctionProbe("vmlinux", "several", True, "vmlinux:several")
    ((attach, numbers),) = attach_functions(kernel, "entry", [(7, probe)], None)
    assert (attach, numbers) == (KernelFunctions("entry", (("vmlinux:several", 7),)), (7,))


def test_many_functions_share_one_program_and_their_cookies_are_the_probes_numbers() -> None:
    kernel = Kernel("fentry", "attach_cookie", "kprobe")
    (one,) = attached(kernel, 300)
    assert one == KernelFunctions("entry", tuple((f"f{number}", 10 + number) for number in range(300)))


@pytest.mark.parametrize("function", [None, _BY_VALUE])
def test_a_function_whose_type_no_trampoline_can_handle_has_a_kprobe(function: Function | None) -> None:
    kernel = Kernel("fentry", "attach_cookie", "kprobe", function=function)
    assert attached(kernel, 1) == [KernelFunctions("entry", (("f0", 10),))]


def test_without_attach_cookies_each_function_has_its_own_program() -> None:
    found = list(attach_functions(Kernel("kprobe"), "return", probes(3), None))
    assert [numbers for _, numbers in found] == [(10,), (11,), (12,)]
    assert all(isinstance(attach, KernelFunctions) and len(attach.places) == 1 for attach, _ in found)


def test_without_attach_cookies_many_functions_are_refused_by_the_missing_feature() -> None:
    with pytest.raises(DtransError, match="no attach cookies") as refusal:
        attached(Kernel("kprobe"), 65)
    assert refusal.value.diagnostic.tag == "D_KERNEL"
