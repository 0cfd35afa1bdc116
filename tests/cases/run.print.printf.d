/* The conversions of printf(). */

#pragma D option quiet

BEGIN
{
	printf("[%d][%5d][%-5d][%05d][%+d][% d]\n", 42, 42, 42, 42, 42, 42);
	printf("[%i][%u][%o][%x][%X][%#x][%#o]\n", -1, -1, 8, 255, 255, 255, 8);
	printf("[%c][%s][%8s][%-8s][%.2s][%%]\n", 65, "str", "right", "left", "precise");
	printf("[%*d][%-*d][%.*s]\n", 5, 1, 5, 1, 2, "abc");
	printf("[%ld][%lld][%hd][%p]\n", 1L, 2LL, (short)3, 0x1234);
	printf("[%d][%d][%u]\n", (int8_t)-1, (uint8_t)-1, (int16_t)-1);
	printf("tab\there\\ \"quoted\" \101\n");
	exit(0);
}
