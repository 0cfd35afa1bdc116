#!/usr/sbin/dtrace -s
/*
 * execs.d: new programs with their arguments, as they start.
 */

#pragma D option quiet

dtrace:::BEGIN
{
	printf("%-20s %6s %6s %s\n", "TIME", "PID", "PPID", "ARGUMENTS");
}

proc:::exec-success
{
	printf("%-20Y %6d %6d %s\n", walltimestamp, pid, ppid, curpsinfo->pr_psargs);
}
