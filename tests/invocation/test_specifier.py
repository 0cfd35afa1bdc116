"""Descriptions that end with a provider, module or function are made complete."""

from __future__ import annotations

import pytest

from dtrans.errors import DtransError
from dtrans.invocation.specifier import complete, shown_name


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("provider", "io", "io:::"),
        ("provider", "io { trace(1); }", "io::: { trace(1); }"),
        ("provider", "io, proc /pid/ { }", "io:::, proc::: /pid/ { }"),
        ("module", "vmlinux", "vmlinux::"),
        ("module", "fbt:vmlinux", "fbt:vmlinux::"),
        ("function", "syscall::read", "syscall::read:"),
        ("function", "read{}", "read:{}"),
        ("function", "::read: {}", ":read:: {}"),
        ("function", ":vmlinux::", "vmlinux:::"),
        ("module", "::vmlinux", ":vmlinux::"),
        ("name", "BEGIN { }", "BEGIN { }"),
        ("id", "12 { }", "12 { }"),
    ],
)
def test_colons_follow_each_description(kind: str, text: str, expected: str) -> None:
    assert complete(kind, text) == expected  # type: ignore[arg-type]


def test_a_probes_number_is_no_provider_module_or_function() -> None:
    with pytest.raises(DtransError, match="probe identifier 4 not permitted when specifying functions") as raised:
        complete("function", "4 { }")
    assert raised.value.diagnostic.tag == "D_PDESC_INVAL"


def test_every_clause_of_the_text_is_completed() -> None:
    text = 'io { printf("}{;"); /* } */ x = \'}\'; } proc /a == "{"/ { if (1) { trace(2); } }'
    expected = 'io::: { printf("}{;"); /* } */ x = \'}\'; } proc::: /a == "{"/ { if (1) { trace(2); } }'
    assert complete("provider", text) == expected


def test_the_name_in_messages_ends_at_the_predicate_or_action() -> None:
    assert shown_name("syscall:::entry /pid == 1/ { }") == "syscall:::entry "
    assert shown_name("BEGIN{exit(0)}") == "BEGIN"
    assert shown_name("io:::start") == "io:::start"
