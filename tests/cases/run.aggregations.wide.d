/* Distributions of more buckets than a map's value holds: 10000, 65535, 5902 and 14337 of them. */

#pragma D option quiet

BEGIN
{
	@l = lquantize(-1, 0, 1000000, 100); @l = lquantize(0, 0, 1000000, 100); @l = lquantize(99, 0, 1000000, 100);
	@l = lquantize(100, 0, 1000000, 100, 3); printa(@l);
	normalize(@l, 2); printa(@l); denormalize(@l);
	clear(@l); printa("cleared%@d", @l); trunc(@l); printa("nothing%@d", @l);
	@top = lquantize(999999, 0, 1000000, 100); @top = lquantize(1000000, 0, 1000000, 100, -2);

	@k["few", 1] = lquantize(7, -5, 65530); @k["many", 2] = lquantize(9, -5, 65530, 1, 4);
	@k["many", 2] = lquantize(8, -5, 65530, 1, 4); @k["none", 3] = lquantize(0, -5, 65530, 1, 0);
	@c["few", 1] = count();
	printa("%s %d %@d|\n", @k); printa("%s %d %@d %@d|\n", @c, @k); trunc(@k, 1); printa(@k); trunc(@k); trunc(@c);

	@ll = llquantize(12, 10, 0, 5, 1000); @ll = llquantize(-1, 10, 0, 5, 1000, 2); printa(@ll); trunc(@ll);
	@high = llquantize(999999, 10, 0, 5, 1000); @high = llquantize(1000000, 10, 0, 5, 1000);
	@two = llquantize(32767, 2, 0, 14, 2048); @two = llquantize(32768, 2, 0, 14, 2048);
	exit(0);
}
