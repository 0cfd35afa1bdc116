/* stop() takes nothing. */

#pragma D option destructive

BEGIN
{
	stop(1); /* error: D_PROTO_LEN */
}
