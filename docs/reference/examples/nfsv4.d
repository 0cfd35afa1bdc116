/* run: -q -c '/usr/bin/python3 -S -E tests/nfsload.py 4 /var/tmp' */
/* What this machine's NFS server does for a client on the same machine: it mounts a folder, writes a file and reads it. */
nfsv4:::op-*-start
{
        @[probename] = count();
}

nfsv4:::op-write-start
{
        printf("%s %s\n", probename, args[1]->noi_curpath);
}

END
{
        printa("%4@d %s\n", @);
}
