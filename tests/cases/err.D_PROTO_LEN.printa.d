/* printa() of nothing. */

BEGIN
{
	printa(); /* error: D_PROTO_LEN */
}
