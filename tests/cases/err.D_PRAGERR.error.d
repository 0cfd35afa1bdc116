/* #error ends compilation. */

#pragma D error too old /* error: D_PRAGERR */
BEGIN
{
	trace(1);
}
