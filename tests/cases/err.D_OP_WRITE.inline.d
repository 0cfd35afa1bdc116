/* A script writes to variables, and to where they or casts point. */

BEGIN
{
	*(int *)8 = 1;
	curthread->pid = 1; /* error: D_OP_WRITE */
}
