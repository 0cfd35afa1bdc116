/* A cast cuts to size and extends by its sign. */

#pragma D option quiet

int x;
BEGIN
{
	x = 0x1234ff80;
	printf("%d %d %d %d\n", (int8_t)x, (uint8_t)x, (int16_t)x, (uint16_t)x);
	printf("%d %d\n", (int32_t)0x180000000, (uint32_t)-1);
	printf("%d %d %d\n", (char)200, (unsigned char)200, (short)70000);
	printf("%x\n", (uint64_t)-1);
	exit(0);
}
