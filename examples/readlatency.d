#!/usr/sbin/dtrace -s
/*
 * readlatency.d: how long one process waits in read(2), in nanoseconds.
 *
 *	dtrans run examples/readlatency.d -p PID
 *	dtrans run examples/readlatency.d -c COMMAND
 */

syscall::read:entry
/pid == $target/
{
	self->start = timestamp;
}

syscall::read:return
/self->start/
{
	@["read (ns)"] = quantize(timestamp - self->start);
	self->start = 0;
}
