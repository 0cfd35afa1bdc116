/* printa() takes an aggregation without keys. */

BEGIN
{
	@a[1] = count();
	printa(@a[1]); /* error: D_PRINTA_AGGARG */
}
