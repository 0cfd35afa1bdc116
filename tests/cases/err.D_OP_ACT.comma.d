/* An action is no operand of a comma. */

BEGIN
{
	printf("one"), printf("two"); /* error: D_OP_ACT */
}
