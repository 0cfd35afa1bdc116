/* Numbers to text and back, byte orders, device numbers. */

#pragma D option quiet

BEGIN
{
	printf("%s %s %s\n", lltostr(-12), lltostr(0), lltostr(255, 16));
	printf("%d %d %d\n", strtoll("42"), strtoll("-0x1f", 16), strtoll("z"));
	printf("%x %x %x\n", htons(0x1234), htonl(0x12345678), htonll(1));
	printf("%x %x %x\n", ntohs(0x1234), ntohl(0x12345678), ntohll(1));
	exit(0);
}
