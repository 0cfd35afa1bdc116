/* copyout() takes the memory, the address and the size. */

#pragma D option destructive

BEGIN
{
	copyout(0, 1); /* error: D_PROTO_LEN */
}
