/* $1 must be one word. */
/* args: a-b */

BEGIN
{
	trace($1); /* error: D_MACRO_SYNTAX */
}
