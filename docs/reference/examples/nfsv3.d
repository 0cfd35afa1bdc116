/* run: -q -c '/usr/bin/python3 -S -E tests/nfsload.py 3 /var/tmp' */
/* What this machine's NFS server does for a client on the same machine: it mounts a folder, writes a file and reads it. */
nfsv3:::op-*-start
{
        @[probename] = count();
}

nfsv3:::op-write-start
{
        printf("%s %s, %d bytes\n", probename, args[1]->noi_curpath, args[2]->count);
}

END
{
        printa("%4@d %s\n", @);
}
