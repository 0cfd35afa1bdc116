/* arg0 is a number: text is in args[]. */

tracepoint:sched:sched_wakeup: /* error: D_ARGS_TYPE */
{
	trace(arg0);
}
