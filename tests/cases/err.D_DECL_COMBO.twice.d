/* A type of two types. */

int char x; /* error: D_DECL_COMBO */
BEGIN
{
	trace(1);
}
