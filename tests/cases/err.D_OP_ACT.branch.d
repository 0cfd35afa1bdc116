/* An action is no branch of ?: whose test is not constant. */

BEGIN
{
	x = 1;
	x ? printf("yes") : printf("no"); /* error: D_OP_ACT */
}
