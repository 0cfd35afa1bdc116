#!/usr/sbin/dtrace -s
/*
 * leaks.d: memory that a process has allocated and not freed, by where it was allocated: bytes, the greatest last. A
 * place whose memory was all freed has 0 bytes. Run it with -c COMMAND, or with -p PID to see what a running process
 * allocates from now on, until Ctrl-C.
 *
 * It is more than the original can do: a stack stands in an array, and comes out again when its block is freed.
 */

#pragma D option quiet
#pragma D option dynvarsize=64m

pid$target:libc.so*:malloc:entry
{
	self->size = arg0;
	self->from = ustack(8);
}

pid$target:libc.so*:calloc:entry
{
	self->size = arg0 * arg1;
	self->from = ustack(8);
}

pid$target:libc.so*:realloc:entry
{
	self->size = arg1;
	self->from = ustack(8);
}

pid$target:libc.so*:malloc:return,
pid$target:libc.so*:calloc:return,
pid$target:libc.so*:realloc:return
/self->size && arg1/
{
	sizes[arg1] = self->size;
	froms[arg1] = self->from;
	@left[self->from] = sum(self->size);
}

pid$target:libc.so*:malloc:return,
pid$target:libc.so*:calloc:return,
pid$target:libc.so*:realloc:return
{
	self->size = 0;
	self->from = 0;
}

pid$target:libc.so*:realloc:entry,
pid$target:libc.so*:free:entry
/sizes[arg0]/
{
	@left[froms[arg0]] = sum(-sizes[arg0]);
	froms[arg0] = 0;
	sizes[arg0] = 0;
}

END
{
	trunc(@left, 20);
	printa("%k%@16d bytes\n", @left);
}
