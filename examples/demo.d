#!/usr/sbin/dtrace -s
/*
 * demo.d: five seconds of system calls on this machine: who makes them, which, and how long they take.
 */

#pragma D option quiet

dtrace:::BEGIN
{
	printf("Tracing system calls for 5 seconds...\n");
}

syscall:::entry
/pid != $pid/
{
	self->start = timestamp;
}

syscall:::return
/self->start/
{
	@calls[execname, probefunc] = count();
	@time[execname] = quantize(timestamp - self->start);
	self->start = 0;
}

profile:::tick-5s
{
	exit(0);
}

dtrace:::END
{
	trunc(@calls, 15);
	trunc(@time, 3);
	printf("\n%-16s  %-20s %8s\n", "PROGRAM", "SYSTEM CALL", "COUNT");
	printa("%-16s  %-20s %@8d\n", @calls);
	printf("\nTime in a system call, in nanoseconds\n");
	printa("\n  %s%@d", @time);
}
