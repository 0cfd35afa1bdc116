#!/usr/sbin/dtrace -s
/*
 * faults.d: page faults, by process.
 */

vminfo:::as_fault
{
	@[pid, execname] = count();
}
