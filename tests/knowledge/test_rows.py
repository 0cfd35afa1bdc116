"""The rows of translators/ as they are: expressions are D, differences are told, one name answers for each call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import pytest

from dtrans.knowledge.load import load
from dtrans.knowledge.rows import Knowledge, Note
from dtrans.source import Source
from dtrans.syntax import parse_expression, parse_type

KNOWLEDGE = load()

#: The probes of the Guide's tables (chapters of these providers).
GUIDE = {
    "dtrace": "BEGIN END ERROR",
    "profile": "profile-{rate} tick-{rate}",
    "io": "start done wait-start wait-done",
    "proc": "create exec exec-failure exec-success exit fault lwp-create lwp-exit lwp-start signal-clear "
    "signal-discard signal-handle signal-send start",
    "sched": "change-pri dequeue enqueue off-cpu on-cpu preempt remain-cpu schedctl-nopreempt schedctl-preempt "
    "schedctl-yield sleep surrender tick wakeup cpucaps-sleep cpucaps-wakeup",
    "vminfo": "anonfree anonpgin anonpgout as_fault cow_fault dfree execfree execpgin execpgout fsfree fspgin fspgout "
    "kernel_asflt maj_fault pgfrec pgin pgout pgpgin pgpgout pgrec pgrrun pgswapin pgswapout prot_fault rev scan "
    "softlock swapin swapout zfod",
    "sysinfo": "bawrite bread bwrite cpu_ticks_idle cpu_ticks_kernel cpu_ticks_user cpu_ticks_wait idlethread intrblk "
    "inv_swtch lread lwrite modload modunload msg mutex_adenters namei nthreads phread phwrite procovf pswitch readch "
    "rw_rdfails rw_wrfails sema sysexec sysfork sysread sysvfork syswrite trap ufsdirblk ufsiget ufsinopage ufsipage "
    "wait_ticks_io writech xcalls",
    "tcp": "accept-established accept-refused connect-established connect-refused connect-request receive send "
    "state-change",
    "udp": "receive send",
    "ip": "receive send",
    "sdt": "interrupt-start interrupt-complete",
}
MEMBERS = {
    "bufinfo_t": "b_flags b_bcount b_addr b_lblkno b_blkno b_resid b_bufsize b_iodone b_error b_edev",
    "devinfo_t": "dev_major dev_minor dev_instance dev_name dev_statname dev_pathname",
    "fileinfo_t": "fi_name fi_dirname fi_pathname fi_offset fi_fs fi_mount fi_oflags",
    "psinfo_t": "pr_nlwp pr_pid pr_ppid pr_pgid pr_sid pr_uid pr_euid pr_gid pr_egid pr_addr pr_ttydev pr_start "
    "pr_fname pr_psargs pr_argc pr_argv pr_envp pr_dmodel pr_taskid pr_projid pr_poolid pr_zoneid",
    "lwpsinfo_t": "pr_flag pr_lwpid pr_addr pr_wchan pr_stype pr_state pr_sname pr_syscall pr_pri pr_clname pr_onpro "
    "pr_bindpro pr_bindpset",
    "cpuinfo_t": "cpu_id cpu_pset cpu_chip cpu_lgrp cpu_info",
    "processor_info_t": "pi_state pi_processor_type pi_fputypes pi_clock",
    "pktinfo_t": "pkt_addr",
    "csinfo_t": "cs_addr cs_cid cs_pid cs_zoneid",
    "conninfo_t": "ci_local ci_remote ci_protocol",
    "ipinfo_t": "ip_ver ip_plength ip_saddr ip_daddr",
    "ifinfo_t": "if_name if_local if_ipstack if_addr",
    "ipv4info_t": "ipv4_ver ipv4_ihl ipv4_tos ipv4_length ipv4_ident ipv4_flags ipv4_offset ipv4_ttl ipv4_protocol "
    "ipv4_protostr ipv4_checksum ipv4_src ipv4_dst ipv4_saddr ipv4_daddr ipv4_hdr",
    "ipv6info_t": "ipv6_ver ipv6_tclass ipv6_flow ipv6_plen ipv6_nexthdr ipv6_nextstr ipv6_hlim ipv6_src ipv6_dst "
    "ipv6_saddr ipv6_daddr ipv6_hdr",
    "tcpinfo_t": "tcp_sport tcp_dport tcp_seq tcp_ack tcp_offset tcp_flags tcp_window tcp_checksum tcp_urgent tcp_hdr",
    "tcpsinfo_t": "tcps_addr tcps_local tcps_active tcps_lport tcps_rport tcps_laddr tcps_raddr tcps_state tcps_iss "
    "tcps_suna tcps_snxt tcps_rack tcps_rnxt tcps_swnd tcps_snd_ws tcps_rwnd tcps_rcv_ws tcps_cwnd tcps_cwnd_ssthresh "
    "tcps_sack_fack tcps_sack_snxt tcps_rto tcps_mss tcps_retransmit",
    "tcplsinfo_t": "tcps_state",
    "udpinfo_t": "udp_sport udp_dport udp_length udp_checksum udp_hdr",
    "udpsinfo_t": "udps_addr udps_lport udps_rport udps_laddr udps_raddr",
}
KERNEL_VARIABLES = """
_pagesize architecture availrmem devnamesp freemem hp_avenrun k_anoninfo mpid ncpus_online nswapped pages_locked
physinstalled physmem platform rootvfs swapfs_minfree swapfs_reserve utsname
"""
BUILTINS = (
    "caller cpu curcpu curlwpsinfo curpsinfo curthread cwd epid errno execname fds gid id ipl pid ppid probefunc "
    "probemod probename probeprov root stackdepth tid timestamp ucaller uid uregs ustackdepth vtimestamp "
    "walltimestamp zonename"
)
#: Those that FreeBSD (dt_open.c) and macOS (dt_open.c, darwin.d) have besides.
BUILTINS_ELSEWHERE = (
    "cpucycles cpuinstrs curproc dispatchqaddr execargs jailname jid machctimestamp machtimestamp pthread_selfid "
    "uthread vcycles vinstrs vmregs"
)


def expressions(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Every expression with the place where it stands."""
    for provider in knowledge.providers.values():
        for probe in provider.probes:
            for point in (point for source in probe.sources for point in source.points):
                place = f"{provider.name}:::{probe.name} {point.at}"
                lets = (text for texts in dict(point.let).values() for text in texts)
                kept = (*dict(point.save).values(), *point.key)
                for text in (point.when, point.thread, *lets, *kept, *point.args, *point.arg):
                    if text:
                        yield place, text
    for structure in knowledge.structures.values():
        for translator in structure.translators:
            for name, texts in dict(translator.let).items():
                yield from ((f"{structure.name}: let.{name}", text) for text in texts)
            for member, texts in translator.members.items():
                for text in texts:
                    yield f"{structure.name}.{member}", text
    for builtin in knowledge.builtins.values():
        for text in (*builtin.current, *builtin.thread):
            yield builtin.name, text
    for call in knowledge.calls.values():
        for linux in call.linux:
            for text in (*linux.args, *([linux.when] if linux.when else [])):
                yield f"syscall {call.name} by {linux.name}", text


def types(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Every D type with the place where it stands."""
    for provider in knowledge.providers.values():
        for probe in provider.probes:
            yield from ((f"{provider.name}:::{probe.name}", text) for text in probe.args)
    for structure in knowledge.structures.values():
        yield from ((f"{structure.name}.{member.name}", member.type) for member in structure.members.values())
        yield from ((structure.name, translator.origin) for translator in structure.translators)
    yield from ((builtin.name, builtin.type) for builtin in knowledge.builtins.values())
    yield from knowledge.types.items()


def notes(knowledge: Knowledge) -> Iterator[tuple[str, Note]]:
    """Every note with the name of its row."""
    for provider in knowledge.providers.values():
        for probe in provider.probes:
            yield f"{provider.name}:::{probe.name}", probe.note
            yield from ((f"{provider.name}:::{probe.name}", source.note) for source in probe.sources if source.note)
    for structure in knowledge.structures.values():
        yield from ((f"{structure.name}.{member.name}", member.note) for member in structure.members.values())
    yield from ((row.name, row.note) for row in knowledge.builtins.values())
    yield from ((row.name, row.note) for row in knowledge.constants.values())
    yield from ((row.name, row.note) for row in knowledge.calls.values())


def test_every_expression_is_d() -> None:
    seen = set(expressions(KNOWLEDGE))
    for place, text in seen:
        try:
            parse_expression(Source(place, text))
        except Exception as error:  # noqa: BLE001  any failure names the row
            pytest.fail(f"{place}: {text!r}: {error}")
    assert len(seen) > 500


def test_every_type_is_a_d_type() -> None:
    known = {*KNOWLEDGE.types, *KNOWLEDGE.structures, "string"}
    for place, text in types(KNOWLEDGE):
        parse_type(Source(place, text), known.__contains__)


def test_type_names_stand_for_words_of_c_or_kernel_structures() -> None:
    words = {"signed", "unsigned", "char", "short", "int", "long", "void", "*"}
    for name, text in KNOWLEDGE.types.items():
        assert text.startswith("struct ") or set(text.split()) <= words, name


def test_a_type_that_linux_has_not_has_a_reason_and_no_row() -> None:
    tags = {f"struct {row.tag}" for row in KNOWLEDGE.structures.values()}
    assert not KNOWLEDGE.absent.keys() & {*KNOWLEDGE.types, *KNOWLEDGE.structures, *tags}
    for name, reason in KNOWLEDGE.absent.items():
        assert re.fullmatch(r"\S.{10,}[^.\s]\.", reason), name


def test_every_note_that_is_not_exact_is_a_sentence() -> None:
    for place, note in notes(KNOWLEDGE):
        assert bool(note.differs) == (note.fidelity != "exact"), place
        assert not note.differs or re.fullmatch(r"\S.{10,}[^.\s]\.", note.differs), f"{place}: {note.differs}"


@pytest.mark.parametrize("provider", sorted(GUIDE))
def test_every_probe_of_the_guide_has_a_row(provider: str) -> None:
    rows = {probe.name for probe in KNOWLEDGE.providers[provider].probes}
    assert set(GUIDE[provider].split()) <= rows


@pytest.mark.parametrize("structure", sorted(MEMBERS))
def test_every_member_of_the_guide_has_a_row(structure: str) -> None:
    assert set(MEMBERS[structure].split()) <= set(KNOWLEDGE.structures[structure].members)


def test_every_builtin_of_the_guide_has_a_row() -> None:
    names = {*BUILTINS.split(), *BUILTINS_ELSEWHERE.split()}
    assert names == {name for name in KNOWLEDGE.builtins if not name.startswith("`") and not name.endswith("()")}


def test_every_kernel_variable_that_the_toolkit_reads_has_a_row() -> None:
    assert {f"`{name}" for name in KERNEL_VARIABLES.split()} <= set(KNOWLEDGE.builtins)


def test_every_translated_argument_has_a_structure() -> None:
    for provider in KNOWLEDGE.providers.values():
        for probe in provider.probes:
            for text in probe.args:
                if text.endswith("info_t *"):
                    assert text.removesuffix(" *") in KNOWLEDGE.structures, f"{provider.name}:::{probe.name}"


def test_lets_do_not_name_themselves() -> None:
    for provider in KNOWLEDGE.providers.values():
        for probe in provider.probes:
            for point in (point for source in probe.sources for point in source.points):
                before: set[str] = set()
                for name, texts in dict(point.let).items():
                    used = set(re.findall(r"(?<![>.\w])(?<!struct )[a-z_]\w*", " ".join(texts))) & set(point.let)
                    assert used <= before, f"{provider.name}:::{probe.name}: let.{name} uses a later name"
                    before.add(name)


# --- system calls -----------------------------------------------------------------------------------

#: What a guard is tried with: each flag that any guard tests, alone and together, and both ends.
_VALUES = (0, 1, -1 & (1 << 64) - 1, 0xFFFFFFFF, 0x100, 0x200, 0x1000, 0x1100, 0x4000, 0x10000, 0x14000, 0x3D0F00)


def holds(guard: str, args: tuple[int, ...]) -> bool:
    """The value of a guard, which is D in the part that Python shares but for its operators' spelling and casts."""
    text = guard.replace("__user_word(ctx->arg0)", "A[0]")
    text = re.sub(r"\(int\)ctx->arg(\d)", r"S(A[\1])", text)
    text = re.sub(r"ctx->arg(\d)", r"A[\1]", text)
    text = text.replace("&&", " and ").replace("||", " or ")
    assert re.fullmatch(r"[AS\[\]()\d\w\s&=!<>-]*", text), guard
    return bool(eval(text or "True", {"A": args, "S": signed}))


def signed(value: int) -> int:
    """A value as an int of C."""
    return (value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000


def shared_calls() -> dict[str, list[tuple[str, str]]]:
    """Linux calls that serve several Solaris names: their guards by name. Second names answer for what is left."""
    shared: dict[str, list[tuple[str, str]]] = {}
    for row in KNOWLEDGE.calls.values():
        for linux in () if row.spare else row.linux:
            shared.setdefault(linux.name, []).append((row.name, linux.when))
    return {name: rows for name, rows in shared.items() if len(rows) > 1}


@pytest.mark.parametrize("name", sorted(shared_calls()))
def test_exactly_one_solaris_name_answers_for_a_shared_call(name: str) -> None:
    rows = shared_calls()[name]
    used = sorted({int(digit) for _, guard in rows for digit in re.findall(r"ctx->arg(\d)", guard)})
    assert used, f"{name} serves {rows} without guards"
    for values in product(_VALUES, repeat=len(used)):
        args = [0] * 6
        for index, value in zip(used, values, strict=True):
            args[index] = value
        answers = [solaris for solaris, guard in rows if holds(guard, tuple(args))]
        assert len(answers) == 1, f"{name}{tuple(args)} is {answers}"


def test_some_calls_are_shared() -> None:
    assert {"clone", "clone3", "newfstatat", "statx", "unlinkat", "sendto", "recvfrom"} <= set(shared_calls())


def test_every_linux_call_of_a_row_has_a_number() -> None:
    for row in KNOWLEDGE.calls.values():
        for linux in row.linux:
            assert linux.name in KNOWLEDGE.numbers["x86_64"], f"{row.name}: {linux.name}"


def test_every_system_call_of_a_point_has_a_number() -> None:
    for provider in KNOWLEDGE.providers.values():
        for probe in provider.probes:
            for point in (point for source in probe.sources for point in source.points):
                kind, _, names = point.at.partition(":")
                if kind.startswith("syscall-"):
                    assert set(names.split(",")) <= set(KNOWLEDGE.numbers["x86_64"]), probe.name


def test_machines_number_the_same_calls_apart_from_old_ones() -> None:
    old, new = KNOWLEDGE.numbers["x86_64"], KNOWLEDGE.numbers["aarch64"]
    assert set(new) - set(old) == set()
    assert {"read", "openat", "clone3", "exit_group", "futex"} <= set(new)
    assert not {"open", "stat", "fork", "creat"} & set(new)
