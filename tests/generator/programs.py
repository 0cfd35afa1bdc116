"""Programs that are well-typed, by a grammar with depth: whatever the rest of the system thinks of the values.

Before: ``"strjoin(#s#, #s#)"``  After: ``strjoin(execname, lltostr((gi + 1)))``

A hole ``#x#`` is filled with a form of the table `x`; below the wanted depth only forms without holes are taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.generator.arithmetic import KINDS, OPS

Forms = tuple[str, ...]

#: Bit-fields, a union without a name, structures in structures, arrays, strings; a translator of the program's own;
#: inlines; variables of every scope, kind and size.
DECLARATIONS = """
enum hue { DARK = -3, PALE = 200, WHITE };
struct inner { int16_t x; uint8_t y; };
struct rec {
	int8_t a; uint64_t wide; int32_t bits:7; uint32_t more:9; struct inner in; int32_t ten[4]; string name;
	union { uint32_t word; uint8_t bytes[4]; }; enum hue hue; char text[12]; struct inner pair[2]; void *where;
};
struct chained { struct chained *next; struct rec *rec; int64_t n:33; uint64_t rest:31; };
translator struct rec < int64_t I > { wide = I * 2; bits = I; name = "made"; };
translator struct inner < struct rec *P > { x = P->bits; y = P->in.y + 1; };
inline int64_t twice[int64_t n] = n + n;
inline int64_t sides[int64_t n, string s] = n > 3 ? strlen(s) : n * n;
inline string paren[string s] = strjoin("(", s);
inline string named[int64_t n, string s] = n == 1 ? "one" : n == 2 ? "two" : s;
inline int64_t FIXED = 12;
typedef struct rec rec_t; typedef uint16_t half_t;
struct rec gr; this struct rec r; self struct rec r; struct rec mr[int64_t, string]; self struct rec mr[int64_t];
struct rec recs[3]; int64_t garr[8]; this uint16_t tarr[4]; int32_t two[3][2]; string names[4]; struct chained gc;
self int64_t i; self string s; self int64_t a[uint64_t]; self string b[string]; this int64_t i; this string s;
int64_t gi; uint64_t gu; string gs; int64_t ai[int64_t, string]; string as_[int64_t]; int8_t g8; half_t g16; int gsp;
int64_t many[int, string, char, int64_t, string]; this struct chained c; self half_t h;
int64_t mk[struct rec, int64_t]; self string mi[struct inner];
this struct rec *q; this char *p; this struct inner *in; this struct chained *pc; this uint32_t *w;
"""

_PLACES = ("gr", "this->r", "self->r", "mr[gi, gs]", "mr[gu, self->s]", "self->mr[gi]", "recs[gi & 1]", "recs[#i#]")

#: Every aggregation that an action may name, and every variable that has the type of what is first assigned.
DEFINITIONS = """
END { @k1[stack(4)] = count(); }
END { @c1[1, ""] = count(); @a1[1] = avg(1); @u1[1] = sum(1); @q1[""] = quantize(1); @l1[""] = lquantize(1, 0, 1000, 7);
@ll1[""] = llquantize(1, 10, 0, 6, 20); self->st = stack(4); gst = self->st; ast[1] = stack(6); self->ust = ustack(6);
self->key = sym(1); }
"""

GRAMMAR: Mapping[str, Forms] = {
    # Integers that can be written, and others.
    "iv": (
        "gi", "gu", "g8", "g16", "this->i", "self->i", "self->h", "garr[3]", "gr.a", "gr.bits", "gr.more",
        "this->r.wide", "self->r.in.y", "self->r.bits", "gr.word", "this->r.bytes[1]", "gc.n", "gc.rest", "this->c.n",
        "two[1][1]", "gr.hue", "gr.pair[1].x", "this->r.text[3]", "garr[#i#]", "this->tarr[#i# & 3]", "gr.ten[#i#]",
        "two[gi][1]", 'ai[#i#, "k"]', "ai[#i#, #s#]", "self->a[#i#]", "mr[gi, gs].wide", "self->mr[gu].in.x",
        "mr[#i#, #s#].bits", "recs[#i#].pair[#i# & 1].y", 'many[1, #s#, (char)#i#, #i#, "k"]',
    ),
    "i": (
        "#iv#", "pid", "tid", "timestamp", "vtimestamp", "walltimestamp", "cpu", "uid", "42", "(-7)", "'a'", "0",
        "0xffffffffffffffff", "DARK", "FIXED", "ppid", "id", "epid", "curthread->pid", "curthread->mm->start_code",
        "curthread->group_leader->prio", "curpsinfo->pr_ppid", "curlwpsinfo->pr_lwpid",
        "curthread->real_parent->real_parent->tgid", "sizeof (struct rec)", "offsetof(struct rec, in)", "rand()",
        "gs[gi]", "this->s[2]", "(int64_t)curthread", "curthread->cred->uid.val", "sizeof (curthread->comm)",
        "curthread->comm[1]", "curthread->policy", "curthread->sched_reset_on_fork", "(#i# #op# #i#)", "(#i# #op# #i#)",
        "(#s# #cmp# #s#)", "(#i# ? #i# : #i#)", "strlen(#s#)", "index(#s#, #s#)", "rindex(#s#, #s#, #i#)",
        "index(#s#, #s#, #i#)", "((#kind#)#i#)", "#iv#++", "#iv#--", "++#iv#", "(-(#i#))", "(~(#i#))", "(!(#i#))",
        "strtoll(#s#)", "strtoll(#s#, 16)", "twice[#i#]", "sides[#i#, #s#]", "(#iv# = #i#)", "(#iv# += #i#)",
        "xlate <struct rec>(#i#).wide", "xlate <struct inner>(#q#).x", "htons(#i#)", "htonl(#i#)", "htonll(#i#)",
        "ntohs(#i#)", "ntohl(#i#)", "ntohll(#i#)", "getmajor(#i#)", "getminor(#i#)", "progenyof(#i#)", "(#s#)[#i#]",
        "(#i#, #i#)", "#q#->bits", "#q#->in.x", "#q#->ten[#i#]", "#q#->bytes[#i# & 3]", "(#q# - #q#)",
        "(#q# + #i#)->wide", "*(#kind# *)(#p#)", "((#kind# *)(#p#))[#i#]", "(#q# == #q#)", "(#p# == NULL)",
        "((struct chained *)(#p#))->next->rec->in.y", "((struct task_struct *)(#p#))->mm->pgd->pgd",
        "((void *)#p# ? #i# : #i#)", "((struct file *)(#p#))->f_flags", "*(#kind# *)alloca(8)",
        "((#kind# *)copyin(#p#, 16))[1]", "(#s# == NULL)", "curthread->cpus_ptr->bits[#i#]", "(gi == 1 && #i# || #i#)",
    ),
    # Strings that can be written, and others.
    "sv": (
        "gs", "this->s", "self->s", "gr.name", "this->r.name", "self->r.name", "names[1]", "as_[#i#]", "self->b[#s#]",
        "mr[gu, gs].name", "names[#i#]", "recs[#i#].name", "self->mr[#i#].name",
    ),
    "s": (
        "#sv#", "execname", "probefunc", "probename", "probemod", "probeprov", '"text"', '"a longer constant"', '""',
        '"/a/../b//c.d/"', '"{\\"a\\": [1, {\\"b\\": \\"x\\"}]}"', "curpsinfo->pr_psargs", "cwd", "zonename",
        "curthread->comm", "stringof(curthread->comm)", "curpsinfo->pr_fname", "gr.text", "stringof(gr.text)",
        "strjoin(#s#, #s#)", "strjoin(#s#, strjoin(#s#, #s#))", "substr(#s#, #i#, #i#)", "substr(#s#, #i#)",
        "(#i# ? #s# : #s#)", "basename(#s#)", "dirname(#s#)", "cleanpath(#s#)", "toupper(#s#)", "tolower(#s#)",
        "strstr(#s#, #s#)", "strtok(#s#, #s#)", "strtok(NULL, #s#)", "lltostr(#i#)", "lltostr(#i#, 16)",
        "strchr(#s#, #i#)", "strrchr(#s#, #i#)", "json(#s#, #s#)", 'json(#s#, "a[1].b")', "paren[#s#]",
        "named[#i#, #s#]", "(#s# + #i#)", "inet_ntoa((in_addr_t *)#p#)", "inet_ntoa6((in6_addr_t *)#p#)",
        "inet_ntop(AF_INET6, #p#)", "inet_ntop(#i#, #p#)", "copyinstr(#p#)", "copyinstr((uintptr_t)#p#, #i#)",
        "stringof(#p#)", "stringof((char *)#i#)", "(string)#p#", "(#sv# = #s#)", "xlate <struct rec>(#i#).name",
        "#q#->name", "stringof(#q#->text)", "((struct task_struct *)(#p#))->comm",
        "stringof(((struct dentry *)(#p#))->d_name.name)",
    ),
    # Addresses: of a structure, of anything.
    "q": (
        "this->q", "((struct rec *)0)", "((struct rec *)gr.where)", "((struct rec *)#p#)",
        "(this->q = (struct rec *)#p#)", "(#q# + #i#)", "(#i# ? #q# : #q#)",
        "((struct rec *)alloca(sizeof (struct rec)))", "gc.rec", "this->c.rec",
        "((struct rec *)copyin(#p#, sizeof (struct rec)))", "this->pc->next->rec", "(&this->pc->rec[#i#])",
    ),
    "p": (
        "this->p", "this->q", "this->w", "NULL", "curthread", "((void *)gi)", "gr.where", "curthread->comm", "this->pc",
        "((void *)curpsinfo->pr_addr)", "(&curthread->pid)", "alloca(64)", "alloca(#i#)", "copyin(#p#, #i#)",
        "copyin(#p#, 24)",
        "((void *)#i#)", "(#i# ? (void *)#p# : (void *)#p#)", "((char *)#p# + #i#)", "(&#q#->in)", "((void *)#q#->ten)",
        "(&((char *)(#p#))[#i#])", "this->pc->next",
    ),
    # Whole structures, and structures within them.
    "r": (*_PLACES, "(*this->q)", "(*#q#)", "#q#[#i#]"),
    "rv": (*_PLACES, "(*this->q)"),
    "in": (*(f"{place}.in" for place in _PLACES), "#q#->in", "recs[1].pair[#i#]"),
    "inv": (*(f"{place}.in" for place in _PLACES), "recs[1].pair[#i#]", "gr.pair[1]"),
    # Words.
    "op": OPS,
    "cmp": ("==", "!=", "<", "<=", ">", ">="),
    "set": ("=", "=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "|=", "^="),
    "kind": tuple(kind.name for kind in KINDS),
    "frames": ("stack()", "stack(3)", "ustack()", "ustack(5)", "jstack(4)", "stack(40)", "ustack(90)"),
    "stack": (
        "#frames#", "sym(#i#)", "func(#i#)", "mod(#i#)", "usym(#i#)", "umod(#i#)", "ufunc(#i#)", "uaddr(#i#)",
    ),
    # Statements that record nothing.
    "calculation": (
        "#iv# #set# #i#;", "#iv# #set# #i#;", "#sv# = #s#;", "#sv# = #s#;", "#sv# = 0;", "#rv# = #r#;", "#inv# = #in#;",
        "#rv# = xlate <struct rec>(#i#);", "#inv# = xlate <struct inner>(#q#);", "this->q = #q#;",
        "this->p = (char *)#p#;", "this->w = (uint32_t *)#p#;", "this->pc = (struct chained *)#p#;", "gr.where = #p#;",
        "gc.rec = #q#;", "this->p = (char *)alloca(32); this->p[#i#] = #i#;", "this->q->#field# #set# #i#;",
        "*this->w #set# #i#;", "this->q = (struct rec *)alloca(sizeof (gr)); *this->q = #r#;",
        "bcopy(#p#, alloca(40), #i#);", "bcopy(#p#, this->p, 7);", "copyinto(#p#, #i#, alloca(100));",
        "copyinto(#p#, 8, this->p);", "#i#;", "(void)#s#;", "self->st = stack(4); gst = self->st; ast[#i#] = stack(6);",
        "self->ust = ustack(6);", "self->st = 0;", "ai[#i#, #s#] = 0;", "self->i = 0;",
        "this->in = &#q#->in; this->in->x #set# #i#;", "#sv#[#i#] = #i#;", "self->key = sym(#i#);",
        "mr[#i#, #s#].in = #in#;", "mk[#r#, #i#] #set# #i#;", "self->mi[#in#] = #s#;", "#sv# = self->mi[#in#];",
    ),
    "field": ("bits", "more", "wide", "in.y", "ten[#i#]", "bytes[1]", "pair[#i# & 1].x", "a", "hue", "text[#i#]"),
    # Those of which a clause makes a record.
    "record": (
        "#printf#", "#printf#", "trace(#i#);", "trace(#s#);", "trace(#r#);", "trace(#p#);", "print(#r#);",
        "print(#in#);", "print(#i#);", "print(#s#);", "print(#p#);", "print(*curthread->cred);", "print(#q#->ten);",
        "tracemem(#p#, 24);", "tracemem(#p#, 200, #i#);", "tracemem(#i#, 64, gi);", "#stack#;",
        'printf("%k", #frames#);', 'printf("%k", self->st);', "trace(gst);", "trace(self->key);",
        "if (#i#) #print#; else #print#;", "trace(curthread->comm);", 'setopt("quiet");', "clear(@c1);",
        "trunc(@a1, 3);", "trunc(@u1);", "normalize(@q1, #i#);", "denormalize(@q1);", 'printa("%d %s %@d\\n", @c1);',
        "printa(@l1);", "printa(@ll1);", 'printa("%d %@d %@d\\n", @a1, @u1);', "print(#q#->pair[1]);",
        'printa("%d %@u %@x %@d\\n", @u1, @a1, @u1);', "printa(@k1, @k1);", "trunc(@k1, 5);", "clear(@q1);",
        "trace(mk[#r#, #i#]);", 'printf("%s", self->mi[#in#]);',
        "print((#kind#)#i#);",
    ),
    "print": ('printf("%d %s", #i#, #s#)', "trace(#s#)", "trace(#i#)", "print(#r#)", "#stack#"),
    "aggregate": (
        "@c0 = count();", "@c1[#i#, #s#] = count();", "@s1[#s#] = sum(#i#);", "@a1[#i#] = avg(#i#);",
        "@u1[#i#] = sum(#i#);", "@m1[#i#, #i#, #s#, #s#, #i#] = min(#i#);",
        "@x1[(#kind#)1, (#kind#)#i#, (void *)#p#] = max(#i#);", "@x0 = max(#i#);", "@d1[#s#] = stddev(#i#);",
        "@q1[#s#] = quantize(#i#);", "@q0 = quantize(#i#, #i#);", "@q2[#i#] = quantize(#i#, 3);",
        "@l1[#s#] = lquantize(#i#, 0, 1000, 7);", "@l2[#i#] = lquantize(#i#, -100, 100, 20, #i#);",
        "@ll1[#s#] = llquantize(#i#, 10, 0, 6, 20);", "@ll0 = llquantize(#i#, 2, 3, 10, 8);",
        "@k1[stack(4)] = count();", "@k2[ustack(), execname] = count();", "@k3[self->st, #s#] = sum(#i#);",
        "@k4[sym(#i#), usym(#i#)] = count();", "@k5[stack(), ustack(7), pid, #i#, probefunc] = max(#i#);",
        "@k6[self->key, gst] = count();", '@n1["a constant", #i# ? "yes" : "no", probename] = count();',
        "@e1[(enum hue)#i#, gr.bits] = count();", "@r1[#r#, #s#, #i#] = count();", "@r2[#in#] = sum(#i#);",
        "@p1[this->q, (char)#i#, execname, probeprov, probemod, probefunc, probename] = avg(#i#);",
    ),
    "statement": (
        "#calculation#", "#calculation#", "#record#", "#record#", "#aggregate#",
        "if (#i#) { #statement# } else { #statement# #statement# }", "if (#i#) { #calculation# #record# }",
        "if (#s# == #s#) { #record# } else if (#i#) { #aggregate# } else { #calculation# }",
    ),
    # Clauses with speculations: speculate() comes before what records, commit() goes with calculations only.
    "speculative": (
        "gsp = speculation(); #calculation#", "self->i = speculation();", "speculate(gsp); #record# #record#",
        "#calculation# speculate(self->i); #calculation# #record#", "speculate(gsp);", "commit(gsp); #calculation#",
        "#calculation# discard(#i#);", "commit(self->i);",
        "if (#i#) { speculate(gsp); #printf# } else { discard(gsp); }",
        "if (gsp) { #calculation# commit(gsp); } else { gsp = speculation(); }", 'speculate(#i#); printf("%d", #i#);',
    ),
}  # fmt: skip

#: A conversion of printf() and what it takes.
CONVERSIONS = (
    ("%d", "#i#"), ("%s", "#s#"), ("%x", "#i#"), ("%-20s", "#s#"), ("%*d", "(int)#i#, #i#"), ("%.*s", "3, #s#"),
    ("%p", "(void *)#p#"), ("%c", "(char)#i#"), ("%5u", "#i#"), ("%o", "#i#"), ("%S", "#s#"), ("%Y", "walltimestamp"),
    ("%a", "#i#"), ("%lld", "(long long)#i#"), ("%hd", "(short)#i#"), ("%k", "#frames#"), ("%k", "self->st"),
    ("%s", "gr.text"), ("%i", "#q#->in.x"), ("%%", ""), ("%T", "walltimestamp"), ("%A", "(uint64_t)#p#"), ("%d", "pid"),
)  # fmt: skip


@dataclass(frozen=True)
class Probe:
    """A probe description, and what more a clause for it may use."""

    name: str
    integers: Forms = ()
    strings: Forms = ()
    pointers: Forms = ()


PROBES = (
    Probe("BEGIN", ("caller", "ucaller", "stackdepth"), ("fds[#i#].fi_pathname",)),
    Probe("END"),
    Probe("ERROR", ("arg1", "arg2", "arg3", "arg4", "arg5", "epid")),
    Probe("syscall::read:entry", ("arg0", "arg2"), ("fds[arg0].fi_pathname", "fds[arg0].fi_fs"), ("((void *)arg1)",)),
    Probe("syscall::read:return, syscall::write:return", ("arg0", "arg1", "errno")),
    Probe("syscall::open*:entry, syscall::close:entry", ("arg0", "arg3"), ("copyinstr(arg0)", "copyinstr(arg1)")),
    Probe("syscall:::entry", ("arg0", "arg5"), ("probefunc",), ("((void *)arg0)", "ucaller")),
    Probe("profile-97", ("arg0", "arg1", "caller", "ucaller", "ustackdepth")),
    Probe("profile:::profile-1003us, tick-7ms"),
    Probe(
        "io:::start, io:::done",
        ("args[0]->b_bcount", "args[0]->b_blkno", "args[1]->dev_major", "args[2]->fi_offset"),
        ("args[1]->dev_statname", "args[2]->fi_pathname", "args[2]->fi_name", "args[1]->dev_pathname"),
        ("((void *)args[0]->b_addr)",),
    ),
    Probe("proc:::exec-success", (), ("curpsinfo->pr_fname",)),
    Probe("proc:::create", ("args[0]->pr_pid",), ("args[0]->pr_fname",)),
    Probe("proc:::exit, proc:::signal-handle", ("args[0]",)),
    Probe("proc:::signal-send", ("args[2]", "args[1]->pr_pid"), ("args[1]->pr_psargs",)),
    Probe("sched:::on-cpu", ("curlwpsinfo->pr_pri", "curcpu->cpu_id")),
    Probe("sched:::off-cpu", ("args[0]->pr_pri", "args[1]->pr_pid"), ("args[1]->pr_fname",)),
    Probe("sched:::wakeup, sched:::enqueue", ("args[0]->pr_lwpid", "args[1]->pr_pid"), ("args[1]->pr_psargs",)),
    Probe("sysinfo:::readch, sysinfo:::sysread", ("arg0",)),
    Probe("vminfo:::as_fault, vminfo:::pgin", ("arg0",)),
    Probe("tcp:::send", ("args[4]->tcp_dport", "args[2]->ip_plength"), ("args[2]->ip_saddr", "args[3]->tcps_raddr")),
    Probe(
        "sdt:sched::sched_switch",
        ("args[2]", "args[6]", "(#i# ? args[1] : args[5])"),
        ("args[0]", "(#i# ? args[0] : args[4])"),
    ),
    Probe("rawtp:sched::sched_switch", ("arg0", "args[1]->pid", "(#i# ? args[1] : args[2])->tgid"), ("args[2]->comm",)),
    Probe(
        "fsinfo:::open",
        ("args[1]", "args[0]->fi_offset", "args[0]->fi_oflags"),
        ("args[0]->fi_name", "args[0]->fi_mount"),
    ),
    Probe("lockstat:::adaptive-block", ("arg0", "arg1")),
    Probe("udp:::receive", ("args[4]->udp_length", "args[2]->ip_ver"), ("args[2]->ip_daddr",)),
    Probe("pid$target:libc.so*:malloc:entry", ("arg0", "uregs[R_SP]", "ucaller"), (), ("((void *)arg1)",)),
    Probe("pid$target:libc.so*:malloc:return", ("arg0", "arg1"), (), ("((void *)arg1)",)),
)

_HOLE = re.compile(r"#(\w+)#")


def _grammar(probe: Probe) -> Mapping[str, Forms]:
    """The grammar as the clauses of a probe have it."""
    more = {"i": probe.integers, "s": probe.strings, "p": probe.pointers}
    return {**GRAMMAR, **{name: GRAMMAR[name] + 3 * forms for name, forms in more.items()}}


def _is_leaf(form: str) -> bool:
    return "#" not in form


@dataclass(frozen=True)
class Writer:
    """Writes a clause, form by form."""

    draw: st.DrawFn
    grammar: Mapping[str, Forms]

    def fill(self, form: str, depth: int) -> str:
        """A form with its holes filled."""
        return _HOLE.sub(lambda hole: self.form(hole[1], depth), form)

    def form(self, name: str, depth: int) -> str:
        """A form of a table, filled."""
        if name == "printf":
            return self._printf(depth)
        forms = self.grammar[name]
        leaves = [form for form in forms if _is_leaf(form)]
        if leaves and (depth <= 0 or self.draw(st.integers(0, 3)) == 0):
            return self.draw(st.sampled_from(leaves))
        return self.fill(self.draw(st.sampled_from(forms)), depth - 1)

    def _printf(self, depth: int) -> str:
        taken = self.draw(st.lists(st.sampled_from(CONVERSIONS), min_size=1, max_size=6))
        text = " ".join(conversion for conversion, _ in taken)
        values = "".join(f", {self.fill(value, depth - 1)}" for _, value in taken if value)
        return f'printf("{text}\\n"{values});'

    def short(self, probe: Probe) -> str:
        """A clause of one statement."""
        predicate = f"/ {self.form('i', 1)} / " if self.draw(st.booleans()) else ""
        return f"{probe.name} {predicate}{{ {self.form('statement', 1)} }}"

    def clause(self, probe: Probe) -> str:
        predicate = f"/ {self.form('i', 2)} / " if self.draw(st.booleans()) else ""
        if self.draw(st.integers(0, 5)) == 0:
            return f"{probe.name} {predicate}{{ {self.form('speculative', 3)} }}"
        body = " ".join(self.form("statement", 3) for _ in range(self.draw(st.integers(1, 4))))
        return f"{probe.name} {predicate}{{ {body} }}"


#: What changes how a program is made, or how it is given its memory.
OPTIONS: tuple[Mapping[str, str], ...] = (
    {}, {"strsize": "1024"}, {"strsize": "16"}, {"strsize": "250"}, {"bufpolicy": "ring"}, {"bufpolicy": "fill"},
    {"dynvarsize": "64"}, {"aggsize": "1"}, {"nspec": "64", "specsize": "1k"}, {"cpu": "0", "flowindent": "1"},
    {"ustackframes": "3", "stackframes": "1"}, {"scratchsize": "64"}, {"compat": "linux"}, {"oformat": "json"},
)  # fmt: skip


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A program of some clauses, several of them on one probe, or many, that share its ``this->`` variables."""
    clauses = []
    for probe in draw(st.lists(st.sampled_from(PROBES), min_size=1, max_size=2, unique=True)):
        writer = Writer(draw, _grammar(probe))
        if draw(st.integers(0, 15)) == 0:
            clauses += [writer.short(probe) for _ in range(50)]
            continue
        clauses += [writer.clause(probe) for _ in range(draw(st.integers(1, 3)))]
    draw(st.randoms()).shuffle(clauses)
    # The aggregations that printa() and its kin name, and the stacks.
    return "\n".join((DECLARATIONS, DEFINITIONS, *clauses))
