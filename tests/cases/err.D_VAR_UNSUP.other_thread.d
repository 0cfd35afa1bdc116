/* What is known of the thread that runs alone, where a probe fires for one that does not run yet. */

sched:::on-cpu
{
	trace(caller); /* error: D_VAR_UNSUP */
}
