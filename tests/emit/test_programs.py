"""What programs become: how much is generated, and what is left out."""

from __future__ import annotations

import re

import pytest

from dtrans.emit.storage import STACK_BUDGET, STACK_LIMIT, Stack
from dtrans.run.kernel.host import HostFacts
from tests.programs import pipeline
from tests.test_pipeline import facts


def _c(text: str) -> str:
    return pipeline(text, facts=facts()).c_text


def test_a_program_holds_only_the_parts_of_the_frame_that_it_needs() -> None:
    text = _c("BEGIN { @ = count(); }")
    for part in ("RINGBUF_OUTPUT", "dt_divide", "struct thread", "struct globals", "dt_fault", "BPF_ARRAY(switches"):
        assert part not in text, part


def test_clauses_of_one_probe_are_one_program() -> None:
    made = pipeline("BEGIN { x = 1; } BEGIN { x = 2; } END { x = 3; }", facts=facts()).artifact
    assert [program.function for program in made.programs] == ["prog_0", "prog_1"]


def test_a_helper_is_called_once_in_a_clause() -> None:
    text = _c('BEGIN { printf("%d %d %d", pid, tid, pid); }')
    assert text.count("bpf_get_current_pid_tgid()") <= 2
    body = text[text.index("int prog_0") :]
    assert len(re.findall(r"= bpf_get_current_pid_tgid\(\)", body)) == 1


def test_constant_strings_leave_as_numbers() -> None:
    made = pipeline('BEGIN { printf("%s", "a constant string"); }', facts=facts()).artifact
    assert "a constant string" in made.strings
    assert made.sites[0].size <= 16


def test_a_division_by_a_constant_needs_no_test() -> None:
    assert "FAULT(p0" not in _c("int x; BEGIN { x = x / 3; }")
    assert "FAULT(p0" in _c("int x; BEGIN { x = 3 / x; }")


@pytest.mark.needs("root", "btf")
def test_what_members_share_on_the_way_is_read_once() -> None:
    text = pipeline(
        'io:::start { printf("%s %s %d", args[2]->fi_name, args[2]->fi_pathname, args[2]->fi_offset); }',
        facts=HostFacts(),
    ).c_text
    reads = re.findall(r"READ\(t\d+, (.*)\);", text[text.index("int prog_0") :])
    request = [read for read in reads if "OFF_request__bio)" in read]
    assert len(request) == 1
    assert len(reads) < 100


def test_structures_beyond_the_stacks_budget_lie_in_scratch_memory() -> None:
    stack = Stack()
    assert not stack.take(STACK_LIMIT + 8)
    assert stack.take(STACK_LIMIT)
    assert not stack.take(STACK_BUDGET - STACK_LIMIT + 8)
    assert stack.take(STACK_BUDGET - STACK_LIMIT)


def test_a_record_stands_beside_the_most_that_its_clause_had_at_a_time() -> None:
    stack = Stack()
    assert stack.take(STACK_LIMIT)
    stack.used = 0  # The key's block ends.
    assert not stack.take(STACK_BUDGET - STACK_LIMIT + 8, since=True)
    assert stack.take(STACK_BUDGET - STACK_LIMIT, since=True)
    assert stack.take(STACK_LIMIT)
    assert not stack.take(8)
    stack.open()
    assert stack.take(STACK_LIMIT)
