"""The functions that knowledge rows may call, and their types. The C behind them is in `templates/`.

``__user_word(a)`` is a word of the process's memory at an address, 0 where it is not in memory: for what a system call
is told by, which the program has just written. It costs a program far less than ``copyin()``, which looks for what is
not there in every way there is. ``__kernel_word(a)`` is one of the kernel's, 0 where nothing can be read: for pointers
that may be of another kind than supposed, of which a fault would end the clause."""

from __future__ import annotations

from collections.abc import Mapping

#: name -> (D types of the parameters, D type of the result).
INTRINSICS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "__tgid": ((), "int"),
    "__tid": ((), "int"),
    "__uid": ((), "unsigned int"),
    "__gid": ((), "unsigned int"),
    "__ktime": ((), "unsigned long long"),
    "__wall": ((), "long long"),
    "__tick": ((), "unsigned long long"),
    "__cpu": ((), "int"),
    "__comm": ((), "string"),
    "__current": ((), "struct task_struct *"),
    "__oncpu": ((), "unsigned long long"),
    "__oncpu_of": (("int",), "unsigned long long"),
    "__psargs": (("struct task_struct *",), "string"),
    "__execargs": (("struct task_struct *",), "string"),
    "__path": (("struct path *",), "string"),
    "__any_path": (("struct path *",), "string"),
    "__dentry_path": (("struct dentry *",), "string"),
    "__inode_path": (("struct inode *",), "string"),
    "__file": (("int",), "struct file *"),
    "__stackdepth": ((), "int"),
    "__ustackdepth": ((), "int"),
    "__kaddr_caller": ((), "unsigned long"),
    "__ucaller": ((), "unsigned long"),
    "__ureg": (("int",), "unsigned long"),
    "__host": (("string",), "long"),
    "__user_word": (("unsigned long",), "unsigned long"),
    "__kernel_word": (("unsigned long",), "unsigned long"),
    "__epid": ((), "unsigned int"),
    "__probe_id": ((), "unsigned int"),
    "__probeprov": ((), "string"),
    "__provider": ((), "string"),
    "__probemod": ((), "string"),
    "__probefunc": ((), "string"),
    "__probename": ((), "string"),
}

#: Bounds of the strings that intrinsics give, NUL included, where they are less than strsize.
STRING_BOUNDS: Mapping[str, int] = {"__comm": 16, "__psargs": 80, "__execargs": 256}

#: Registers by the numbers of `translators/constants.toml`, by machine: the word of the kernel's struct pt_regs where
#: each is. First R_PC, R_SP, R_PS, R_R0, R_R1 and R_FP, which every machine has.
REGISTERS: Mapping[str, Mapping[int, int]] = {
    "x86_64": {256: 16, 257: 19, 258: 18, 259: 10, 260: 12, 261: 4, **{word: word for word in range(21)}},
    "aarch64": {256: 32, 257: 31, 258: 33, 259: 0, 260: 1, 261: 29, **{300 + word: word for word in range(31)}},
}
