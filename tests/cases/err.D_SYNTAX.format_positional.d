/* Positional conversions are not D's. */

BEGIN
{
	printf("%1$d", 1); /* error: D_SYNTAX */
}
