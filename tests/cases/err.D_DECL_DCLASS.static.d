/* D has no static variables. */

static int x; /* error: D_DECL_DCLASS */
BEGIN
{
	x = 1;
}
