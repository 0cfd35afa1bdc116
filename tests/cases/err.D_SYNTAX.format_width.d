/* A width is an int. */

BEGIN
{
	printf("%99999999999d", 1); /* error: D_SYNTAX */
}
