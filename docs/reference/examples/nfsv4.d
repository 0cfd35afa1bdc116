/* run: -q -c '/usr/bin/python3 -S -E tests/nfsload.py 4 /var/tmp' */
/* kernel: 6.12 */
/* What this machine's NFS server does for a client on the same machine: it mounts a folder, writes a file and reads it. */
nfsv4:::compound-start, nfsv4:::op-lookup-start, nfsv4:::op-open-start, nfsv4:::op-read-start, nfsv4:::op-lock-start
{
        @[probename, args[0]->ci_remote] = count();
}

nfsv4:::op-write-start
{
        printf("%s %s\n", probename, args[1]->noi_curpath);
}

END
{
        printa("%s by %s: %@d\n", @);
}
