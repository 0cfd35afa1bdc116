/* arg0 is a number: text is in args[]. */

sdt:sched::sched_wakeup
{
	trace(arg0); /* error: D_ARGS_TYPE */
}
