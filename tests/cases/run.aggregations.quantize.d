/* Powers of two, with zero and negative values, and weights. */

#pragma D option quiet

BEGIN
{
	@ = quantize(-5); @ = quantize(0); @ = quantize(1); @ = quantize(5, 3);
	exit(0);
}
