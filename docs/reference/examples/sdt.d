/* run: -q -c '/usr/bin/python3 -S -E tests/loads.py fork 3' */
/* A tracepoint of the kernel with its own fields: the processes that the command makes. */
sdt:sched::sched_process_fork
/execname == "dtransload"/
{
        printf("%s makes %s\n", args[0], args[2]);
}
