/* A word that stands twice; long long is one type. */

int int x; /* error: D_DECL_COMBO */
BEGIN
{
	trace(1);
}
