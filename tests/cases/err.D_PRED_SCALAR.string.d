/* A string is no truth value. */

BEGIN
/execname/ /* error: D_PRED_SCALAR */
{
	trace(1);
}
