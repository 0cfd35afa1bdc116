/* An unknown type. */

BEGIN
{
	trace(sizeof (struct no_such_structure)); /* error: D_TYPE_ERR */
}
