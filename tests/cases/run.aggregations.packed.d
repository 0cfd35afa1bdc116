/* aggpack draws each distribution in one line: a column for each bucket, from the least to the greatest of all rows. */

#pragma D option quiet
#pragma D option aggpack
#pragma D option encoding=ascii

BEGIN
{
	@q["a"] = quantize(3); @q["a"] = quantize(-5, 2); @q["b"] = quantize(0, -1); @q["c"] = quantize(100);
	@l[1] = lquantize(7, 0, 10, 2, -3); @l[1] = lquantize(70, 0, 10, 2, 5); @l[2] = lquantize(4, 0, 10, 2);
	@one = quantize(1024); @zero = quantize(0);
	@ll = llquantize(7, 10, 0, 1, 10);
	@c["count"] = count();
	printa(@q); printa(@l); printa(@one); printa(@zero); printa(@ll); printa(@c);
	setopt("aggzoom"); printa(@q);
	setopt("encoding", "utf8"); printa(@q); printa(@l);
	clear(@one); printa(@one);
	exit(0);
}
