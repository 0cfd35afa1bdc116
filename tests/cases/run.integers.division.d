/* Division and remainder round towards zero, signed or not, folded or not. */

#pragma D option quiet

int x;
int y;
uint64_t u;
BEGIN
{
	printf("%d %d %d %d %d %d\n", -7 / 2, -7 % 2, 7 / -2, 7 % -2, -7 / -2, -7 % -2);
	x = -7; y = 2;
	printf("%d %d %d %d\n", x / y, x % y, y / x, y % x);
	y = -2;
	printf("%d %d\n", x / y, x % y);
	u = -1;
	printf("%u %u\n", u / 2, u % 10);
	printf("%d\n", (int64_t)0x8000000000000000 / y);
	exit(0);
}
