/* And positive. */

int a[-1]; /* error: D_DECL_ARRSUB */
BEGIN
{
	trace(1);
}
