/* Nothing is left to speculate after a commit(). */

BEGIN
{
	commit(1);
	speculate(2); /* error: D_SPEC_COMM */
}
