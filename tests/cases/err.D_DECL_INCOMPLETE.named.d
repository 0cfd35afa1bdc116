/* A structure that is only named cannot be kept. */

struct nowhere x; /* error: D_DECL_INCOMPLETE */
BEGIN
{
	trace(1);
}
