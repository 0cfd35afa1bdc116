/* self-> variables must be assigned somewhere before. */

BEGIN
{
	trace(self->x); /* error: D_VAR_UNDEF */
}
