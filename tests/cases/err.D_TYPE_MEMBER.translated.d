/* A translated structure without such a member. */

BEGIN
{
	trace(curpsinfo->pr_psarg); /* error: D_TYPE_MEMBER */
}
