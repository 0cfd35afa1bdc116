/* chill() takes nanoseconds. */

#pragma D option destructive

BEGIN
{
	chill("long"); /* error: D_PROTO_ARG */
}
