/* offsetof needs a structure. */

BEGIN
{
	trace(offsetof(int, a)); /* error: D_OFFSETOF_TYPE */
}
