/* An unknown type in a declaration. */

nosuch_t x; /* error: D_TYPE_ERR */
BEGIN
{
	trace(1);
}
