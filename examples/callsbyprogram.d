#!/usr/sbin/dtrace -s
/*
 * callsbyprogram.d: system calls by program.
 */

syscall:::entry
{
	@[execname] = count();
}
