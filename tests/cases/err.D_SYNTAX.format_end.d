/* A conversion ends in a letter. */

BEGIN
{
	printf("%", 1); /* error: D_SYNTAX */
}
