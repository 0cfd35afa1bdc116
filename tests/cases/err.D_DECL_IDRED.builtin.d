/* A built-in variable's name is taken. */

int pid; /* error: D_DECL_IDRED */
BEGIN
{
	trace(1);
}
