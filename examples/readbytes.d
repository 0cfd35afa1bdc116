#!/usr/sbin/dtrace -s
/*
 * readbytes.d: bytes read with read(2) and its kin, by process.
 */

sysinfo:::readch
{
	@[pid, execname] = sum(arg0);
}
