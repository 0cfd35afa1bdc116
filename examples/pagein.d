#!/usr/sbin/dtrace -s
/*
 * pagein.d: pages brought in from disk, by program.
 */

vminfo:::pgpgin
{
	@[execname] = sum(arg0);
}
