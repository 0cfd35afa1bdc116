/* With two colons the word before them is a module, and clocks have none. */

profile::tick-1sec /* error: D_PDESC_ZERO */
{
	trace(1);
}
