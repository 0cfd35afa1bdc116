/* A kernel structure without such a member. */

BEGIN
{
	trace(curthread->pidd); /* error: D_TYPE_MEMBER */
}
