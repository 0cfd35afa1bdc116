/* run: -q -c '/usr/bin/python3 -S -E tests/loads.py vnodes /var/tmp' */
/* What the command does with its files in FreeBSD's words, and the bytes that it wants. */
vfs::vop_read:entry, vfs::vop_write:entry
/pid == $target && args[0]->v_path == "/var/tmp/one"/
{
        printf("%-10s %4d bytes, %s on %s\n", probefunc, args[1]->a_uio->uio_resid, args[0]->v_name,
            args[0]->v_mount->mnt_stat.f_mntonname);
}

vfs::vop_mkdir:entry, vfs::vop_remove:entry
/pid == $target/
{
        printf("%-10s %s\n", probefunc, stringof(args[1]->a_cnp->cn_nameptr));
}
