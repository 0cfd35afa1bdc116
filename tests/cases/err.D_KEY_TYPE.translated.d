/* A pointer to what a translator makes is no key. */

BEGIN
{
	@[curpsinfo] = count(); /* error: D_KEY_TYPE */
}
