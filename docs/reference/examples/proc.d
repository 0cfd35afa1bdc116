/* run: -q -c '/usr/bin/python3 -S -E tests/loads.py exec 2 /bin/true' */
/* The processes that the command starts, what they execute, and how they end. */
proc:::create
/pid == $target/
{
        printf("%-14s %s makes a process\n", probename, execname);
}

proc:::exec-success
/ppid == $target/
{
        printf("%-14s %s\n", probename, curpsinfo->pr_psargs);
}

proc:::exit
/progenyof($target) && pid != $target/
{
        printf("%-14s %s, %s\n", probename, execname, args[0] == CLD_EXITED ? "by itself" : "by a signal");
}
