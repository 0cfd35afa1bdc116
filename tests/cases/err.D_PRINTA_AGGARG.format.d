/* The first argument of printa() is a format or an aggregation. */

BEGIN
{
	@a = count();
	printa(execname, @a); /* error: D_PRINTA_AGGARG */
}
