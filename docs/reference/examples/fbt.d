/* run: -q -c '/usr/bin/python3 -S -E tests/loads.py read 10 100' */
/* kernel: 6.12 */
/* A function of the kernel that the command calls by reading: how often, and what it returns. */
fbt::vfs_read:return
/pid == $target && arg1 == 100/
{
        @[probefunc, arg1] = count();
}
