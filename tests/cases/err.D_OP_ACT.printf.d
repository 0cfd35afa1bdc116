/* An action gives no value. */

BEGIN
{
	x = 1 + printf("x"); /* error: D_OP_ACT */
}
