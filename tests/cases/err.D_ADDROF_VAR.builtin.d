/* A built-in variable has no address. */

BEGIN
{
	trace(&pid); /* error: D_ADDROF_VAR */
}
