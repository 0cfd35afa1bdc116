/* run: -q -c '/usr/bin/python3 -S -E tests/loads.py fork 500' */
/* The command's waits for locks of the kernel while it makes processes, by kind. */
lockstat:::
/execname == "dtransload"/
{
        @[probename] = count();
}
