/* run: -q -c '/usr/bin/python3 -S -E tests/loads.py disk 4 8192 /var/tmp/dtrans-example' */
/* Writes of a file to its disk, each of 8 KB: sizes as they start, from the command. */
io:::start
/args[2]->fi_pathname == "/var/tmp/dtrans-example"/
{
        printf("%s %s %d bytes at %d\n", args[0]->b_flags & B_READ ? "read" : "write", args[2]->fi_name,
            args[0]->b_bcount, args[2]->fi_offset);
}
