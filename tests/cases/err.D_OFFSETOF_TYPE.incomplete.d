/* A structure that is only named has no members to measure. */

BEGIN
{
	trace(offsetof(struct no_such_structure, x)); /* error: D_OFFSETOF_TYPE */
}
