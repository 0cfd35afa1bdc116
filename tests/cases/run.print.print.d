/* print() names the type. */

#pragma D option quiet

BEGIN
{
	print(3); print("ab"); print((char)65); print((uint8_t)3); print((void *)16);
	exit(0);
}
