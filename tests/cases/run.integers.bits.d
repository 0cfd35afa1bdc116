/* Bitwise operators and complement. */

#pragma D option quiet

int a;
int b;
BEGIN
{
	a = 0xf0; b = 0x3c;
	printf("%x %x %x %x\n", a & b, a | b, a ^ b, ~a & 0xffff);
	printf("%d %d %d\n", ~0, !0, !5);
	printf("%d %d %d\n", a && b, a ^^ b, 0 ^^ b);
	exit(0);
}
