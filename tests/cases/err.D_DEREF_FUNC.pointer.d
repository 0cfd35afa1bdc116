/* A function has no value. */

struct ops { int (*go)(int); };
BEGIN
{
	trace(*((struct ops *)8)->go); /* error: D_DEREF_FUNC */
}
