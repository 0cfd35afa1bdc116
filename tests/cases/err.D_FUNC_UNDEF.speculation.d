/* Speculation is refused by name. */

BEGIN
{
	self->s = speculation(); /* error: D_FUNC_UNDEF */
}
