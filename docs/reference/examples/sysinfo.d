/* run: -q -c '/usr/bin/python3 -S -E tests/loads.py read 50 1000' */
/* What the command reads: 50 times 1,000 bytes. */
sysinfo:::sysread,
sysinfo:::readch
/execname == "dtransload"/
{
        @[probename] = sum(arg0);
}
