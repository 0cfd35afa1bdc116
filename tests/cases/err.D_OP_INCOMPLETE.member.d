/* A structure that is only named has no members. */

BEGIN
{
	trace(((struct nowhere *)8)->x); /* error: D_OP_INCOMPLETE */
}
