/* A second declaration must agree. */

int x;
string x; /* error: D_DECL_IDRED */
BEGIN
{
	trace(1);
}
