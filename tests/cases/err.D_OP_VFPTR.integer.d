/* Only a pointer is moved by a number, and by nothing else is a number. */

int n;

BEGIN
{
	n -= alloca(8); /* error: D_OP_VFPTR */
}
