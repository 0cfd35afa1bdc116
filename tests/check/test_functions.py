"""What is told of a function that cannot be traced."""

from __future__ import annotations

import pytest

from dtrans.check.functions import FunctionTable
from dtrans.types import INT, Function
from tests.run.kernel.test_layouts import Facts


class Kernel(Facts):
    """A kernel that can trace some functions, and has the type of one more."""

    def functions(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return (("vmlinux", ("do_work", "split.constprop.0", "split.isra.0", "vfs_read")), ("ext4", ("ext4_open",)))

    def function(self, name: str, module: str = "") -> Function | None:
        return Function(INT, ()) if name == "start_kernel" else None


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("vfs_read", "it is a function of another module"),
        ("split", "the compiler has made split.constprop.0 and split.isra.0 of it"),
        ("start_kernel", "the kernel has it and lets nobody trace it"),
        ("vfs_raed", "did you mean vfs_read? a function that the compiler has put into its callers"),
        ("nothing_like_it", "a function that the compiler has put into its callers"),
    ],
)
def test_why_a_name_means_no_function(name: str, told: str) -> None:
    assert FunctionTable(Kernel(), 1).hint(name).startswith(told)
