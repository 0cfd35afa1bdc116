/* An action is no key. */

BEGIN
{
	@[trace(1)] = count(); /* error: D_KEY_TYPE */
}
