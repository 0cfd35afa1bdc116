/* A variable cannot be void. */

void x; /* error: D_DECL_VOIDOBJ */
BEGIN
{
	trace(1);
}
