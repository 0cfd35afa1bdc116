/* An enumerator is a constant. */

enum e { A = pid }; /* error: D_DECL_ENCONST */
BEGIN
{
	trace(1);
}
