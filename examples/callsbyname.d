#!/usr/sbin/dtrace -s
/*
 * callsbyname.d: system calls by call.
 */

syscall:::entry
{
	@[probefunc] = count();
}
