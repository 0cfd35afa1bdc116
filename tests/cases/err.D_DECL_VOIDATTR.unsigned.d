/* void is not unsigned. */

unsigned void *x; /* error: D_DECL_VOIDATTR */
BEGIN
{
	trace(1);
}
