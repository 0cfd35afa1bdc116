/* aggzoom and encoding=utf8 in the tables of distributions. */

#pragma D option quiet
#pragma D option aggzoom

BEGIN
{
	@q = quantize(3, 20); @q = quantize(8, 3); printa(@q);
	@n = lquantize(3, 0, 4, 1, 5); @n = lquantize(2, 0, 4, 1, -5); printa(@n);
	setopt("encoding", "utf8"); printa("%@d", @q); printa(@n);
	exit(0);
}
