/* A kernel variable that is not there. */

BEGIN
{
	trace(`no_such_variable_at_all); /* error: D_IDENT_UNDEF */
}
