/* Aggregations that no printa() shows are printed at the end. */

#pragma D option quiet

BEGIN
{
	@["a"] = count();
	@total = sum(12);
	exit(0);
}
