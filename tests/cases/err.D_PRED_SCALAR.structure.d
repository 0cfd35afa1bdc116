/* A predicate is a number. */

BEGIN
/ *curthread / /* error: D_PRED_SCALAR */
{
	trace(1);
}
