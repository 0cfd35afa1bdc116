/* A sum has no address. */

BEGIN
{
	trace(&(pid + 1)); /* error: D_ADDROF_LVAL */
}
