/* run: -q -c '/usr/bin/python3 -S -E tests/nfsload.py 3 /var/tmp' */
/* kernel: 6.12 */
/* What this machine's NFS server does for a client on the same machine: it mounts a folder, writes a file and reads it. */
nfsv3:::op-lookup-start, nfsv3:::op-create-start, nfsv3:::op-write-done, nfsv3:::op-read-done
{
        @[probename, args[0]->ci_remote] = count();
}

nfsv3:::op-write-start
{
        printf("%s %d bytes at %d\n", probename, args[2]->count, args[2]->offset);
}

END
{
        printa("%s by %s: %@d\n", @);
}
