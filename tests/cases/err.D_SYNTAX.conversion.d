/* A conversion must be one that dtrace knows. */

BEGIN
{
	printf("%q", 1); /* error: D_SYNTAX */
}
