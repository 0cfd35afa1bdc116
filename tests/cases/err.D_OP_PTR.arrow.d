/* '->' needs a pointer. */

BEGIN
{
	x = 1;
	trace(x->y); /* error: D_OP_PTR */
}
