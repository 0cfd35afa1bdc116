#!/usr/sbin/dtrace -s
/*
 * kleaks.d: kernel memory that was allocated for a process by kmalloc() and not freed, by the kernel stack that allocated
 * it: bytes, the greatest last; 0 where all was freed. Run it with -c COMMAND or -p PID, or take "pid == $target" away to
 * see all processes. Another may free what this one allocated, so frees are looked at everywhere.
 */

#pragma D option quiet
#pragma D option dynvarsize=64m

sdt:kmem::kmalloc
/pid == $target/
{
	froms[arg1] = stack(8);
	sizes[arg1] = arg3;
	@left[froms[arg1]] = sum(sizes[arg1]);
}

sdt:kmem::kfree
/sizes[arg1]/
{
	@left[froms[arg1]] = sum(-sizes[arg1]);
	froms[arg1] = 0;
	sizes[arg1] = 0;
}

END
{
	trunc(@left, 20);
	printa("%k%@16d bytes\n", @left);
}
