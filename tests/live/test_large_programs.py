"""Programs of many clauses, of many calls, of long strings: the verifier takes them, and they print what they must."""

from __future__ import annotations

from dtrans.run.programs.load import load
from tests.programs import host, pipeline, printed


def test_a_hundred_clauses_of_a_probe_share_its_variables_and_go_in_order() -> None:
    clauses = "\n".join(
        f'BEGIN /this->x == {n}/ {{ this->x++; this->s = strjoin(this->s, "{n % 10}"); self->y += this->x;'
        f" a[this->s, {n}] = self->y; @a{n % 30}[execname, this->s, {n}] = count(); }}"
        for n in range(100)
    )
    text = f"""
BEGIN {{ this->x = 0; this->s = ""; self->y = 0; }}
{clauses}
BEGIN {{ printf("%d %s %d %d\\n", this->x, this->s, self->y, a["01234", 4]); printa("%s|%s %d %@d\\n", @a3); }}
BEGIN {{ {" ".join(f"trunc(@a{n});" for n in range(30))} exit(0); }}
"""
    shown = printed(text)
    assert len(pipeline(text).artifact.programs) > 2
    digits = "0123456789" * 10
    assert shown.splitlines()[0] == f"100 {digits} 5050 15"
    assert [line.partition("|")[2] for line in shown.splitlines()[1:5]] == [
        f"{digits[: n + 1]} {n} 1" for n in (3, 33, 63, 93)
    ]


CALLS = """
BEGIN
{
	s = "{\\"a\\": {\\"b\\": [10, 20, \\"x y z\\"]}}";
	printf("%s %s %s\\n", json(s, "a.b[1]"), json(json(s, "a"), "b[0]"), json(json(json(s, "a"), "b"), "[2]"));
	printf("%s %s %s\\n", json(s, "a.b[2]"), json(s, "a.b"), json("{\\"q\\": -1}", "q"));
}
"""


def test_many_calls_of_the_functions_of_strings_are_loaded_and_right() -> None:
    tokens = "".join(f'BEGIN {{ printf("%s,", strtok({"t" if not n else "NULL"}, " ")); }}\n' for n in range(29))
    searches = "".join(
        f'BEGIN {{ printf("%d %d %s %s %s %s|", index(u, "{n}"), rindex(u, "{n}"), strstr(u, "{n}"), substr(u, {n}, 3),'
        f" strchr(u, '{n % 10}'), strjoin(lltostr({n}), toupper(\"x\"))); }}\n"
        for n in range(10, 40)
    )
    u = "".join(str(n) for n in range(10, 40))
    text = f"""
{CALLS}
BEGIN {{ t = "{" ".join(f"w{n}" for n in range(29))}"; u = "{u}"; }}
{tokens}
{searches}
BEGIN {{ printf("\\n%s %s %s %d %d", basename("/a/b/c"), dirname("/a/b/c"), cleanpath("/a/../c"), strlen(u), u == u); }}
BEGIN {{ printf(" %s %d %s", inet_ntoa6((in6_addr_t *)alloca(16)), strtoll("-77"), tolower("ABC")); exit(0); }}
"""
    first, second, third, fourth = printed(text).splitlines()
    assert first == "20 10 x y z"
    assert second == 'x y z [10, 20, "x y z"] -1'
    expected = "".join(f"w{n}," for n in range(29))
    for n in range(10, 40):
        at = u.index(str(n))
        expected += f"{at} {u.rindex(str(n))} {u[at:]} {u[n : n + 3]} {u[u.index(str(n % 10)) :]} {n}X|"
    assert third == expected
    assert fourth == "c /a/b /c 60 1 :: -77 abc"


def test_long_expressions_are_right() -> None:
    forty = ", ".join(f"x + {n}" for n in range(40))
    hundred = " && ".join(f"(x + {n}) * self->y != {n}" for n in range(100))
    nested = "x"
    for n in range(60):
        nested = f'(y == {n} ? "v{n}" : {nested})' if n else '(y == 0 ? "v0" : "none")'
    inlines = "inline int f0[int a] = a;\n" + "".join(
        f"inline int f{n}[int a] = f{n - 1}[a] + x;\n" for n in range(1, 65)
    )
    joined = "strjoin(" * 60 + "s" + ', "b")' * 60
    text = f"""
int x;
{inlines}
BEGIN {{ x = 2; y = 41; self->y = 3; s = "a"; }}
BEGIN {{ printf("{"%d " * 40}\\n", {forty}); }}
BEGIN /{hundred}/ {{ printf("%s %d\\n", {nested}, f64[1]); }}
BEGIN {{ t = {joined}; printf("%s\\n", t); exit(0); }}
"""
    assert printed(text).split("\n")[:3] == [
        "".join(f"{n} " for n in range(2, 42)), "v41 129", "a" + "b" * 60,
    ]  # fmt: skip


def test_long_strings_are_kept_and_joined() -> None:
    text = """
BEGIN { s = "abc"; t = strjoin(s, "d"); u = strjoin(t, strjoin(t, t)); a[u] = t; }
BEGIN { printf("%s %s %d %s %d ", t, u, strlen(u), a[u], index(u, "da")); b["k", "l"] = 5; @["m", "n"] = sum(6); }
BEGIN { printf("%d", b["k", "l"]); printa(" %s %s %@d", @); exit(0); }
"""
    for size in ("15360", "32768"):
        shown = printed(text, options={"quiet": "1", "strsize": size}).strip()
        assert shown.split("\n")[0] == "abcd abcdabcdabcd 12 abcd 3 5 m n 6"


def test_a_key_with_a_stack_leaves_room_for_the_values_beside_it() -> None:
    text = """
        syscall::write:entry
        /pid == $target/
        {
                @stacks[ustack(), execname] = count();
                this->n = ((int *)copyin((uintptr_t)copyin(arg1, id), 16))[1];
                @numbers[this->n, execname] = count();
        }"""
    load(pipeline(text, target=True).artifact, host()).close()


def test_json_finds_what_stands_far_behind() -> None:
    double = "pad = strjoin(pad, pad); "
    text = f"""
BEGIN {{ pad = "0123456789abcdef"; {double * 4} }}
BEGIN {{ {double * 4} }}
BEGIN {{
    text = strjoin(strjoin("{{\\"a\\":\\"", pad), "\\",\\"b\\":{{\\"c\\":[1,42]}}}}");
    printf("%s %d %d", json(text, "b.c[1]"), strlen(json(text, "a")), json(text, "c") == NULL);
    exit(0);
}}
"""
    assert printed(text, options={"quiet": "1", "strsize": "8k"}).strip() == "42 4096 1"


def test_an_error_clause_that_is_long_is_at_each_place_that_can_fail() -> None:
    faults = "\n".join(f'BEGIN {{ printf("%d", *(int *){n}); }}' for n in range(1, 31))
    joined = " ".join(f's = strjoin(lltostr(arg1), substr(s, 0, {n})); n += index(s, "1");' for n in range(20))
    text = f"""
BEGIN {{ s = "x"; n = 0; errors = 0; }}
ERROR {{ {joined} errors++; }}
{faults}
BEGIN {{ printf("%d", errors); exit(0); }}
"""
    assert printed(text).strip().endswith("30")


def test_a_clause_longer_than_a_program_may_be_is_one_clause_all_the_same() -> None:
    """More than 32,767 instructions: it goes on from program to program."""
    lines = "\n".join(
        f'this->s = strjoin(this->s, "{n % 10}"); printf("%s %d|", this->s, this->n += {n}); @["all"] = sum({n});'
        f' self->t = substr(this->s, {n}); if (self->t == "{n % 10}") {{ printf("[%s]", self->t); }}'
        for n in range(180)
    )
    text = f"""
BEGIN {{ this->n = 1000; this->s = ""; }}
BEGIN /this->n == 1000/ {{ {lines} }}
BEGIN {{ printf("\\n%s %d\\n", self->t, this->n); printa("%s %@d\\n", @); exit(0); }}
"""
    shown = printed(text, options={"quiet": "1", "strsize": "200"}).split("\n")
    made, whole, total = [], "", 1000
    for n in range(180):
        whole, total = whole + str(n % 10), total + n
        made.append(f"{whole} {total}|[{n % 10}]")
    assert shown[0] == "".join(made)
    assert shown[1:3] == [f"9 {total}", f"all {total - 1000}"]


def test_nothing_of_a_long_clause_is_printed_or_done_after_a_fault_within_it() -> None:
    def clause(fault: int) -> str:
        steps = [
            f'printf("%s", strjoin(substr(s, {n}), lltostr(n = {n})));' + f"n = *(int *){n};" * (n == fault)
            for n in range(100)
        ]
        return f"BEGIN {{ {' '.join(steps)} }}"

    after = 'BEGIN { printf("%d\\n", n); }'
    faults = [3, 50, 97]
    text = "\n".join(f"{clause(fault)}\n{after}" for fault in faults)
    errors = 'ERROR { printf("fault at %d, action %d: ", arg5, arg2); }'
    # Each step is two actions.
    expected = "".join(f"fault at {fault}, action {fault + 2}: {fault}\n" for fault in faults)
    assert printed(f'BEGIN {{ s = "abc"; }}\n{text}\n{errors}\nBEGIN {{ exit(0); }}').startswith(expected)


def test_a_statement_longer_than_a_program_may_be_goes_on_between_its_values() -> None:
    """More than 32,767 instructions; a fault in one of the last values takes all of it back."""
    numbers = range(1000, 1120)
    values = [f"strjoin(strjoin(s, lltostr(n + {number})), substr(s, n + {number - 999}))" for number in numbers]
    faulty = [*values[:100], "*(int *)n", *values[100:]]
    printing = [f'BEGIN {{ printf("{"%s " * len(values)}\\n", {", ".join(values)}); }}',
                f'BEGIN {{ printf("{"%s " * 100}%d{" %s" * 20}\\n", {", ".join(faulty)}); }}']  # fmt: skip
    text = f"""
BEGIN {{ s = "abcdef"; n = -1; }}
{printing[0]}
{printing[1]}
ERROR {{ printf("fault at %d, action %d\\n", arg5, arg2); }}
BEGIN {{ exit(0); }}
"""
    shown = printed(text).strip().splitlines()
    assert shown[0] == "".join(f"abcdef{number - 1}{'abcdef'[number - 1000 :]} " for number in numbers)
    assert shown[1] == "fault at -1, action 101"
    assert len(shown) == 2
