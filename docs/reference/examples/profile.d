/* run: -q -c '/usr/bin/python3 -S -E tests/loads.py spin 1' */
/* How many of 97 samples a second find the command running, and where: in the program or in the kernel. */
profile-97
/execname == "dtransload"/
{
        @samples[arg1 ? "user" : "kernel"] = count();
}

tick-500ms
{
        ticks++;
}

END
{
        printa("%-8s %@d\n", @samples);
        printf("ticks of half a second: %d\n", ticks);
}
