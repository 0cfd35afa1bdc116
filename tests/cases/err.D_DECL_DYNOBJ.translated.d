/* A translated structure cannot be kept. */

psinfo_t x; /* error: D_DECL_DYNOBJ */
BEGIN
{
	trace(1);
}
