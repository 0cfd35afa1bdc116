/* copyoutstr() writes a string. */

#pragma D option destructive

BEGIN
{
	copyoutstr(5, 1, 1); /* error: D_PROTO_ARG */
}
