/* Linear buckets, and what is below and above. */

#pragma D option quiet

BEGIN
{
	@["k"] = lquantize(-1, 0, 4); @["k"] = lquantize(2, 0, 4); @["k"] = lquantize(9, 0, 4);
	exit(0);
}
