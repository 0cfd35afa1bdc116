#!/usr/sbin/dtrace -s
/*
 * iosize.d: the size of disk transfers in bytes, by process.
 */

io:::start
{
	@[pid, execname] = quantize(args[0]->b_bcount);
}
