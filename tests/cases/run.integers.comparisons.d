/* Signed and unsigned comparisons follow the operands' types. */

#pragma D option quiet

int n;
uint64_t u;
uint32_t h;
BEGIN
{
	n = -1; u = 1; h = 1;
	printf("%d %d %d\n", n < 0, n < u, n > u);
	printf("%d %d\n", n < 1, (unsigned)n > 1);
	printf("%d %d %d %d %d %d\n", 1 < 2, 2 <= 1, 1 == 1, 1 != 1, 2 > 1, 1 >= 2);
	printf("%d %d\n", (uint8_t)255 > -1, (int8_t)255 == -1);
	exit(0);
}
