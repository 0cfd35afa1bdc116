#!/usr/sbin/dtrace -s
/*
 * callsbyprocess.d: system calls by process.
 */

syscall:::entry
{
	@[pid, execname] = count();
}
