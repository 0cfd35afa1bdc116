/* A char is not long. */

long char x; /* error: D_DECL_CHARATTR */
BEGIN
{
	trace(1);
}
