/* Strings cannot be added: strjoin() joins them. */

BEGIN
{
	trace("a" + "b"); /* error: D_OP_INCOMPAT */
}
