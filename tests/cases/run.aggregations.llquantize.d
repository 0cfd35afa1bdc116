/* Logarithmic buckets, linear inside. */

#pragma D option quiet

BEGIN
{
	@ = llquantize(150, 10, 0, 4, 10); @ = llquantize(3, 10, 0, 4, 10);
	exit(0);
}
