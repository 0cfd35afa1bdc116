/* A function's name is taken. */

int strlen; /* error: D_DECL_IDRED */
BEGIN
{
	trace(1);
}
