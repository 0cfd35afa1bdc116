/* D has no static variables. */

static int x; /* error: D_DECL_BADCLASS */
BEGIN
{
	trace(1);
}
