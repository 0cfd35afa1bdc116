"""Languages: their runtimes' own probes, bash by its functions, under the names that scripts know."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Run, needs
from tests.programs import TOO_LONG

pytestmark = pytest.mark.needs("path:/sys/bus/event_source/devices/uprobe")


def _lines(text: str) -> list[str]:
    return sorted(filter(None, text.splitlines()))


def _script(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


# --- bash ------------------------------------------------------------------------------------------------------------

_BASH = """\
outer() {
    inner one
    return 3
}
inner() { :; builtin false; }
outer
for word in 1 2; do
    inner
done
(exit 5)
x=$(pwd)
/bin/false
eval 'true
[ 1 = 2 ]'
cd .; pushd . >/dev/null
exit 4
"""
_SHELL = """
    sh$target:::function-entry, sh$target:::function-return, sh$target:::builtin-entry, sh$target:::builtin-return,
    sh$target:::command-entry, sh$target:::command-return
    { @named[probename, copyinstr(arg1), arg2] = count(); }
    sh$target:::line, sh$target:::subshell-return, sh$target:::script-done { @[probename, arg1] = count(); }
    sh$target:::subshell-entry { @[probename, arg1 > 1] = count(); }
    sh$target:::script-start { @[basename(copyinstr(arg0)), 0] = count(); }
    END { printa("%s %s:%d %@d\\n", @named); printa("%s:%d %@d\\n", @); }
"""


#: pushd has cd's builtin do its work; return, exit and builtin do not come back themselves.
_SHELL_CALLS = """
function-entry outer:6 1
function-entry inner:2 1
function-entry inner:8 2
function-return outer:3 1
function-return inner:1 3
builtin-entry ::5 3
builtin-entry builtin:5 3
builtin-entry false:5 3
builtin-entry return:3 1
builtin-entry eval:14 1
builtin-entry true:14 1
builtin-entry [:15 1
builtin-entry cd:15 1
builtin-entry pushd:15 1
builtin-entry exit:16 1
builtin-return ::0 3
builtin-return false:1 3
builtin-return eval:1 1
builtin-return true:0 1
builtin-return [:1 1
builtin-return cd:0 1
builtin-return pushd:0 1
command-entry /bin/false:12 1
command-return /bin/false:1 1
subshell-entry:1 2
subshell-return:5 1
subshell-return:0 1
calls.sh:0 1
script-done:4 1
line:2 1
line:3 1
line:5 6
line:6 1
line:7 1
line:8 2
line:11 1
line:12 1
line:14 2
line:15 3
line:16 1
"""


@pytest.mark.needs("path:/bin/bash")
@pytest.mark.proves(
    *(
        f"sh:::{name}"
        for name in (
            *("function-entry", "function-return", "builtin-entry", "builtin-return", "command-entry"),
            *("command-return", "subshell-entry", "subshell-return", "line", "script-start", "script-done"),
        )
    )
)
def test_what_a_shell_script_does(dtrace: Run, tmp_path: Path) -> None:
    script = _script(tmp_path, "calls.sh", _BASH)
    done = dtrace("-q", "-n", _SHELL, "-c", f"/bin/bash {script}", timeout=TOO_LONG)
    assert _lines(done.stdout) == _lines(_SHELL_CALLS)


@pytest.mark.needs("path:/bin/dash")
def test_a_shell_without_symbols_is_refused(dtrace: Run) -> None:
    done = dtrace("-n", "sh$target:::function-entry", "-c", "/bin/dash -c :", status=1)
    assert "run the script with bash" in done.stderr


# --- runtimes with probes --------------------------------------------------------------------------------------------


def test_functions_of_python(dtrace: Run, tmp_path: Path) -> None:
    needs("probes:/usr/bin/python3")
    text = "def inner(n):\n    return n\n\ndef outer():\n    return sum(inner(i) for i in range(7))\n\nouter()\n"
    script = _script(tmp_path, "calls.py", text)
    program = """
        python$target:::function-return /copyinstr(arg1) == "inner"/
        { @[basename(copyinstr(arg0)), copyinstr(arg1), arg2] = count(); }
        python*:::function-return /pid == $target && copyinstr(arg1) == "outer"/
        { @[probename, "outer", arg2] = count(); }
        END { printa("%s %s %d %@d\\n", @); }
    """
    done = dtrace("-q", "-n", program, "-c", f"/usr/bin/python3 {script}")
    assert _lines(done.stdout) == ["calls.py inner 2 7", "function-return outer 5 1"]


@pytest.mark.needs("probes:/usr/bin/python3")
def test_the_tracer_does_not_trace_itself(dtrace: Run) -> None:
    """It may be a program with such probes itself: what it does to print a record would make the next one."""
    program = """
        python*:::function-return { printf("%d\\n", pid); }
        BEGIN { printf("%d\\n", $pid); }
        tick-500ms { exit(0); }
    """
    own, *others = dtrace("-q", "-n", program).stdout.split()
    assert own not in others


@pytest.mark.needs("probes:/usr/lib/*-linux-gnu/libruby*.so*")
@pytest.mark.proves("ruby:::function-entry", "ruby:::function-return", "ruby:::object-create-start")
@pytest.mark.proves("ruby:::object-create-done", "ruby:::gc-begin", "ruby:::gc-end")
def test_methods_of_ruby_under_the_names_of_its_first_provider(dtrace: Run, tmp_path: Path) -> None:
    text = """\
class Thing
  def outer
    3.times { inner }
  end
  def inner
    Process.pid
  end
end
TracePoint.new(:call, :return) {}.enable
Thing.new.outer
GC.start
"""
    script = _script(tmp_path, "calls.rb", text)
    program = """
        ruby$target:::function-entry, ruby$target:::function-return, ruby$target:::method-entry
        /basename(copyinstr(arg2)) == "calls.rb" && (copyinstr(arg0) == "Thing" || copyinstr(arg1) == "pid")/
        { @[probename, copyinstr(arg0), copyinstr(arg1), arg3] = count(); }
        ruby$target:::object-create-start, ruby$target:::object-create-done /copyinstr(arg0) == "Thing"/
        { @[probename, copyinstr(arg0), basename(copyinstr(arg1)), arg2] = count(); }
        ruby$target:::gc-begin, ruby$target:::gc-end { collected[probename] = 1; }
        END { printa("%s %s.%s:%d %@d\\n", @); printf("%d\\n", collected["gc-begin"] + collected["gc-end"]); }
    """
    done = dtrace("-q", "-n", program, "-c", f"/usr/bin/ruby --disable=gems {script}")
    assert _lines(done.stdout) == [
        "2",
        "function-entry Process.pid:6 3",
        "function-entry Thing.inner:6 3",
        "function-entry Thing.outer:3 1",
        "function-return Process.pid:6 3",
        "function-return Thing.inner:7 3",
        "function-return Thing.outer:4 1",
        "method-entry Thing.inner:6 3",
        "method-entry Thing.outer:3 1",
        "object-create-done Thing.calls.rb:10 1",
        "object-create-start Thing.calls.rb:10 1",
    ]


@pytest.mark.needs("probes:/usr/lib/*-linux-gnu/libruby*.so*")
def test_what_ruby_does_not_tell_is_refused_with_the_reason(dtrace: Run) -> None:
    assert "Ruby has no probe for lines" in dtrace("-n", "ruby*:::line", status=1).stderr


@pytest.mark.needs("probes:/usr/bin/php")
def test_functions_of_php(dtrace: Run, tmp_path: Path) -> None:
    text = """\
<?php
class A {
  static function inner() {}
}
function outer() {
  A::inner(); A::inner();
}
outer();
"""
    script = _script(tmp_path, "calls.php", text)
    program = """
        php*:::function-entry, php*:::function-return /pid == $target && arg0/
        { @[probename, copyinstr(arg0), basename(copyinstr(arg1)), arg2, copyinstr(arg3)] = count(); }
        END { printa("%s %s %s:%d %s %@d\\n", @); }
    """
    done = dtrace("-q", "-n", program, "-c", f"/usr/bin/env USE_ZEND_DTRACE=1 php -n {script}")
    assert _lines(done.stdout) == [
        "function-entry inner calls.php:3 A 2",
        "function-entry main calls.php:8  1",
        "function-entry outer calls.php:6  1",
        "function-return inner calls.php:3 A 2",
        "function-return main calls.php:8  1",
        "function-return outer calls.php:6  1",
    ]


@pytest.mark.needs("command:javac", "probes:/usr/lib/jvm/*/lib/server/libjvm.so")
def test_methods_and_native_calls_of_java(dtrace: Run, tmp_path: Path) -> None:
    """The JVM is mapped after java has started: its file is known beforehand."""
    import subprocess

    source = _script(
        tmp_path,
        "Calls.java",
        """
        public class Calls {
            static int inner(int n) { return n; }
            public static void main(String[] words) { for (int i = 0; i < 9; i++) inner(i); System.gc(); }
        }
        """,
    )
    subprocess.run(["javac", "-d", tmp_path, source], check=True)
    program = """
        hotspot*:::method-entry, hotspot*:::method-return
        /pid == $target && copyinstr(arg1, arg2) == "Calls"/
        { @[probename, copyinstr(arg3, arg4), copyinstr(arg5, arg6)] = count(); }
        hotspot*:::class-loaded /pid == $target && copyinstr(arg0, arg1) == "Calls"/ { @[probename, "", ""] = count(); }
        hotspot*:::gc-begin /pid == $target/ { collected = 1; }
        hotspot_jni*:::CallStaticVoidMethod-entry /pid == $target/ { called = 1; }
        END { printa("%s %s%s %@d\\n", @); printf("%d %d\\n", collected, called); }
    """
    java = f"java -XX:+ExtendedDTraceProbes -Xshare:off -cp {tmp_path} Calls"
    done = dtrace("-q", "-n", program, "-c", java, timeout=TOO_LONG)
    assert _lines(done.stdout) == [
        "1 1",
        "class-loaded  1",
        "method-entry inner(I)I 9",
        "method-entry main([Ljava/lang/String;)V 1",
        "method-return inner(I)I 9",
        "method-return main([Ljava/lang/String;)V 1",
    ]


# --- stacks of code that a runtime makes -----------------------------------------------------------------------------


@pytest.mark.needs("command:node")
def test_stacks_of_node_have_the_names_of_its_functions(dtrace: Run, tmp_path: Path) -> None:
    text = """\
function inner() { process.kill(process.pid, 0); }
function outer() { inner(); }
outer();
"""
    script = _script(tmp_path, "calls.js", text)
    program = r'syscall::kill:entry /pid == $target && arg1 == 0/ { printf("%d", pid); jstack(); }'
    logs = f"--logfile={tmp_path}/v8.log --no-logfile-per-isolate"
    node = f"node --perf-basic-prof --interpreted-frames-native-stack {logs} {script}"
    pid, *frames = filter(None, map(str.strip, dtrace("-q", "-n", program, "-c", node).stdout.splitlines()))
    Path(f"/tmp/perf-{pid}.map").unlink()
    assert frames[0].startswith("libc.so.6`")
    mine = [frame.partition(" ")[0] for frame in frames if str(script) in frame]
    assert mine == ["JS:~inner", "JS:~outer", "JS:~"]
