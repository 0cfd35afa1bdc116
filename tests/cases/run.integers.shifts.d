/* A shift right keeps the sign of signed numbers. */

#pragma D option quiet

int n;
uint64_t u;
int s;
BEGIN
{
	n = -16; u = 0xfff0000000000000; s = 4;
	printf("%d %d %x %x\n", n >> 2, n >> s, u >> 4, u >> s);
	printf("%d %x\n", n << s, u << s);
	printf("%x\n", 1LL << 40);
	printf("%x\n", ~0ULL >> 60);
	exit(0);
}
