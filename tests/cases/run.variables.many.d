/* A thousand elements, each with its own value. */

#pragma D option quiet

BEGIN
{
	i = 0;
}

tick-1000hz
/i < 50/
{
	square[i] = i * i;
	i++;
}

tick-1000hz
/i == 50/
{
	printf("%d %d %d %d\n", square[0], square[7], square[49], square[50]);
	exit(0);
}
