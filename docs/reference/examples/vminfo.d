/* run: -q -c '/usr/bin/python3 -S -E tests/loads.py fault 500' */
/* The command touches 500 pages for the first time, and some more: each is a fault. */
vminfo:::as_fault
/execname == "dtransload"/
{
        @[probename] = sum(arg0);
}
