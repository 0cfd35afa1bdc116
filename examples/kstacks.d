#!/usr/sbin/dtrace -s
/*
 * kstacks.d: where the kernel spends its time: its stacks, sampled at 99 hertz. The ten most frequent.
 */

profile:::profile-99
/arg0/
{
	@[stack()] = count();
}

dtrace:::END
{
	trunc(@, 10);
}
