/* A pointer becomes a number by a cast only. */

uintptr_t n;
BEGIN
{
	n = NULL; n = (uintptr_t)curthread;
	n = curthread; /* error: D_OP_INCOMPAT */
}
