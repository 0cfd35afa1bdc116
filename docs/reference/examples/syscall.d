/* run: -q -c '/usr/bin/python3 -S -E tests/loads.py write 100 512' */
/* The command's writes by size and result: 100 of 512 bytes. */
syscall::write:entry
/execname == "dtransload"/
{
        self->asked = arg2;
}

syscall::write:return
/self->asked/
{
        @writes[self->asked, arg1, errno] = count();
        self->asked = 0;
}

END
{
        printf("%8s %8s %6s %s\n", "ASKED", "WRITTEN", "ERRNO", "COUNT");
        printa("%8d %8d %6d %@d\n", @writes);
}
