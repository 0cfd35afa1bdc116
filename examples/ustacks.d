#!/usr/sbin/dtrace -s
/*
 * ustacks.d: where programs spend their time: user stacks, sampled at 99 hertz. The ten most frequent.
 */

profile:::profile-99
/arg1/
{
	@[execname, ustack()] = count();
}

dtrace:::END
{
	trunc(@, 10);
}
