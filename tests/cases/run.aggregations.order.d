/*
 * The keys of an aggregation are calculated before what it counts, in the order in which they stand.
 */
#pragma D option quiet
int i, zero;
string none[int];

BEGIN
{
	i = 1;
	@sum[i++, i++] = sum(i);
	@quantized[i] = lquantize(i++, 0, 10, 1, i++);
	printf("%d\n", i);
}

BEGIN
{
	@[1 / zero] = max(strlen(none[1]));
}

BEGIN
{
	@[strlen(none[1])] = max(1 / zero);
}

BEGIN
{
	exit(0);
}

ERROR
{
	printf("fault %d in action %d\n", arg4, arg3);
}
