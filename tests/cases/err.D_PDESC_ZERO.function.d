/* There is no such system call. */

syscall::raed:entry /* error: D_PDESC_ZERO */
{
	trace(1);
}
