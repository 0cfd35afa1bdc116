/* '->' needs a pointer to a structure. */

BEGIN
{
	trace(((int *)8)->y); /* error: D_OP_SOU */
}
