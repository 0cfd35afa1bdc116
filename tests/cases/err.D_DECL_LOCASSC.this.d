/* Nor can they be declared. */

this int a[int]; /* error: D_DECL_LOCASSC */
BEGIN
{
	trace(1);
}
