/* printa()'s format is a string constant. */

BEGIN
{
	@a = count();
	printa(execname, @a); /* error: D_PRINTA_ARG_FMT */
}
