"""Which capability is missing."""

from __future__ import annotations

from dtrans.run.kernel.privileges import missing_capabilities, refused

ADMIN, PERFMON, BPF = 1 << 21, 1 << 38, 1 << 39


def test_the_two_capabilities_of_tracing_or_the_old_one_suffice() -> None:
    assert missing_capabilities(BPF | PERFMON) == ()
    assert missing_capabilities(ADMIN) == ()


def test_what_is_missing_is_named() -> None:
    assert missing_capabilities(BPF) == ("CAP_PERFMON",)
    assert missing_capabilities(PERFMON) == ("CAP_BPF",)
    assert missing_capabilities(0) == ("CAP_BPF", "CAP_PERFMON")


def test_another_failure_is_told_in_the_kernels_words() -> None:
    error = refused("make the map 'agg_0'", OSError(12, ""))
    assert error.diagnostic.tag == "D_KERNEL"
    assert error.diagnostic.message == "failed to make the map 'agg_0': Cannot allocate memory"
