/* A decimal constant has a signed type, unless it ends in u. */

BEGIN
{
	trace(18446744073709551615u);
	trace(18446744073709551615); /* error: D_INT_OFLOW */
}
