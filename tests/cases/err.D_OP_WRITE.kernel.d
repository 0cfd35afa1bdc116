/* Kernel memory cannot be written. */

BEGIN
{
	curthread->pid = 1; /* error: D_OP_WRITE */
}
