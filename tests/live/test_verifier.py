"""Programs of which a compiler likes to make what the verifier refuses: each is loaded.

A part of a program's context is read at a constant offset; a map has at least one element.
"""

from __future__ import annotations

import pytest

from dtrans.run.programs.load import load
from tests.programs import host, pipeline

PROGRAMS = {
    "either field": "sdt:sched::sched_switch { trace(gi ? args[1] : args[5]); }",
    "either field, kept": """
        sdt:sched::sched_switch { self->x = gi ? args[1] : args[5]; printf("%s", gi ? args[0] : args[4]); }""",
    "any field": "sdt:sched::sched_switch { x = gi == 1 ? args[1] : gi == 2 ? args[5] : gi == 3 ? args[2] : args[6]; }",
    "either argument": """
        rawtp:::sched_switch { x = gi ? (uint64_t)args[1] : (uint64_t)args[2]; trace(gi > 1 ? args[1] : args[2]); }""",
    "result in many branches": """
        fsinfo:::open
        /args[0]->fi_mount != "x"/
        {
            printf("%d %d %d ", args[0]->fi_offset, args[0]->fi_oflags, args[1]);
            printf("%s %s ", args[0]->fi_name, args[0]->fi_dirname);
            printf("%s %s %s", args[0]->fi_pathname, args[0]->fi_fs, args[0]->fi_mount);
        }""",
    "either register": """
        pid$target:libc.so*:malloc:entry { x = gi ? arg0 : arg1; y = gi > 1 ? uregs[R_SP] : uregs[R_PC]; }""",
    "either counter": "profile-97 { x = gi ? arg0 : arg1; if (gi) { trace(arg0); } else { trace(arg1); } }",
    "large ERROR alone": f"""
        ERROR {{ printf("%d %d %d %d %d", arg1, arg2, arg3, arg4, arg5); {"trace(arg1); " * 8} }}""",
}


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_the_verifier_takes(text: str) -> None:
    load(pipeline(f"int gi;\n{text}", target=True).artifact, host()).close()
