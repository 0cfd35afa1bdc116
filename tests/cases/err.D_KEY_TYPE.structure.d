/* A structure cannot be a key. */

BEGIN
{
	@[*curthread] = count(); /* error: D_KEY_TYPE */
}
