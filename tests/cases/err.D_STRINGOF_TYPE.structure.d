/* stringof() needs an address. */

BEGIN
{
	trace(stringof(*curthread)); /* error: D_STRINGOF_TYPE */
}
