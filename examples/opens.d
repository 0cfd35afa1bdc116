#!/usr/sbin/dtrace -s
/*
 * opens.d: files opened, by process, with the descriptor or the error.
 * The path is read on return: by then the kernel has touched the page it stands on.
 */

#pragma D option quiet

dtrace:::BEGIN
{
	printf("%6s %-16s %4s %4s %s\n", "PID", "PROGRAM", "FD", "ERR", "PATH");
}

syscall::open*:entry
{
	self->path = arg0;
}

syscall::open*:return
/self->path/
{
	printf("%6d %-16s %4d %4d %s\n", pid, execname, (int)arg0, errno, copyinstr(self->path));
	self->path = 0;
}
