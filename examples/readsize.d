#!/usr/sbin/dtrace -s
/*
 * readsize.d: how much each read(2) brings, as a distribution by program. Errors are left out.
 */

syscall::read:return
/(int64_t)arg0 >= 0/
{
	@[execname] = quantize(arg0);
}
