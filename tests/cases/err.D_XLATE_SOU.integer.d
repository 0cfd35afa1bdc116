/* xlate makes structures. */

BEGIN
{
	trace(xlate <int>(curthread)); /* error: D_XLATE_SOU */
}
