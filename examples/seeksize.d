#!/usr/sbin/dtrace -s
/*
 * seeksize.d: how far from the end of its last transfer on the same disk each process asks for the next one,
 * in blocks of 512 bytes. Mostly 0: sequential. Spread wide: random. Ctrl-C ends it and prints.
 */

#pragma D option quiet

self int last[dev_t];

dtrace:::BEGIN
{
	printf("Tracing... Hit Ctrl-C to end.\n");
}

io:::start
/self->last[args[0]->b_edev] != 0/
{
	this->last = self->last[args[0]->b_edev];
	this->dist = (int)(args[0]->b_blkno - this->last) > 0 ?
	    (int)(args[0]->b_blkno - this->last) :
	    (int)(this->last - args[0]->b_blkno);
	@Size[pid, curpsinfo->pr_psargs] = quantize(this->dist);
}

io:::start
{
	/* Where the head stands when this transfer is done. */
	self->last[args[0]->b_edev] = args[0]->b_blkno + args[0]->b_bcount / 512;
}

dtrace:::END
{
	printf("\n%8s  %s\n", "PID", "COMMAND");
	printa("%8d  %S\n%@d\n", @Size);
}
