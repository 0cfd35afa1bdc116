/* Every conversion of printf(), with the type that it takes; times are read in the zone of the reader. */

#pragma D option quiet

BEGIN
{
	printf("[%wc][%lc][%wc][%C][%C][%c]\n", 233, 0x20ac, 65, '\n', 'a', 'b');
	printf("[%S][%10S][%-10S]\n", "tab\t\"q\"\\", "é", "x");
	printf("[%'d][%+5d][% d][%-+8d|][%08.3d][%.0d][%+u]\n", 1234567, 5, 7, 3, 9, 0, 4);
	printf("[%?p][%p][%#p][%?x][%-?x|]\n", 0x1234, (void *)255, 16, 255, 255);
	printf("[%hd][%hi][%hu][%hx][%hX][%ho]\n", (short)-1, (short)-2, (unsigned short)65535, (short)-1, (short)-1,
	    (unsigned short)8);
	printf("[%ld][%li][%lu][%lx][%lX][%lo]\n", -1L, -2L, 3UL, -1L, -1L, 8UL);
	printf("[%lld][%lli][%llu][%llx][%llX][%llo]\n", -1LL, -2LL, 3ULL, -1LL, -1LL, 8ULL);
	printf("[%d][%u][%i][%x][%d]\n", (char)-1, (char)-1, (uint8_t)255, (int8_t)-1, (uint64_t)-1);
	printf("[%P][%P]\n", (uint16_t)80, (uint16_t)64999);
	printf("[%I][%I]\n", "no address", "");
	printf("[%a][%A]\n", 5, uaddr(6));
	printf("[%-*d|][%*d][%.*s][%*.*s]\n", 4, 1, -4, 2, 2, "abcdef", 5, 2, "abcdef");
	printf("[%.*d][%0*d]\n", 4, 7, 6, -7);
	printf("%% [%5s][%-5s][%.0s][%.3s]\n", "ab", "ab", "shown", "abcdef");
	exit(0);
}
