/* run: -q -c '/usr/bin/python3 -S -E tests/netloads.py nfs 3' */
/* What this machine's NFS server does for a client on the same machine: it mounts, writes a file and reads it. */
nfsv3:::op-*-start
{
        @[probename, args[0]->ci_remote] = count();
}

nfsv3:::op-write-start
{
        printf("%s %s, %d bytes\n", probename, args[1]->noi_curpath, args[2]->count);
}
