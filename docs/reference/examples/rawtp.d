/* run: -q -c '/usr/bin/python3 -S -E tests/loads.py fork 3' */
/* A tracepoint with the kernel's own structures: the processes that the command makes. */
rawtp:sched::sched_process_fork
/pid == $target/
{
        printf("%s makes %s, its parent is %s\n", stringof(args[0]->comm), stringof(args[1]->comm),
            args[1]->real_parent == args[0] ? "itself" : "another");
}
