/* An enumeration is defined once. */

enum e { ONE };
enum e { TWO }; /* error: D_DECL_TYPERED */
BEGIN
{
	trace(1);
}
