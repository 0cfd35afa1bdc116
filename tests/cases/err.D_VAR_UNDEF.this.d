/* this-> variables must be assigned somewhere before. */

BEGIN
{
	trace(this->x); /* error: D_VAR_UNDEF */
}
