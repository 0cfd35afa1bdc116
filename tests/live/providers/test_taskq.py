"""sdt's task queues: Linux's workqueues."""

from __future__ import annotations

import shlex
import sys

import pytest

from tests.programs import printed

#: Each byte that comes through a terminal is brought to its reader by a task. All but the last have ended before the
#: process does.
_TERMINAL = """
import os, tty
mine, other = os.openpty()
tty.setraw(other)
for _ in range(6):
    os.write(other, b"x")
    assert os.read(mine, 1) == b"x"
"""


@pytest.mark.proves(
    "sdt:::taskq-enqueue", "sdt:::taskq-exec-start", "sdt:::taskq-exec-end",
    "taskq_t.tq_name", "taskq_ent_t.tqent_func", "taskq_ent_t.tqent_arg",
)  # fmt: skip
def test_a_task_is_queued_begins_and_ends_on_its_queue() -> None:
    shown = printed(
        """
        sdt:::taskq-enqueue /pid == $target/ {
            this->task = (taskq_ent_t *)arg1;
            queue[arg1] = arg0;
            printf("queued %s %a %d\\n", ((taskq_t *)arg0)->tq_name, this->task->tqent_func,
                this->task->tqent_arg == arg1);
        }
        sdt:::taskq-exec-start /queue[arg1] == arg0/ {
            begun[arg1] = ((taskq_ent_t *)arg1)->tqent_func;
            printf("begun %a\\n", begun[arg1]);
        }
        sdt:::taskq-exec-end /begun[arg1]/ {
            printf("ended %a %d %d\\n", arg2, arg0 == queue[arg1], arg2 == begun[arg1]);
            begun[arg1] = 0;
            queue[arg1] = 0;
        }
        """,
        commands=[shlex.join([sys.executable, "-c", _TERMINAL])],
    )
    lines = [line for line in shown.splitlines() if "`flush_to_ldisc" in line]
    assert lines[:15] == 5 * [
        "queued events_unbound vmlinux`flush_to_ldisc 1",
        "begun vmlinux`flush_to_ldisc",
        "ended vmlinux`flush_to_ldisc 1 1",
    ]
