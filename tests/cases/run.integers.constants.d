/* Decimal, octal, hexadecimal and character constants with their suffixes. */

#pragma D option quiet

BEGIN
{
	printf("%d %d %d %d\n", 42, 052, 0x2a, 0X2A);
	printf("%d %u %d\n", 1L, 1U, 9223372036854775807LL);
	printf("%d %d %d %d %d\n", 'a', '\n', '\\', '\'', '\x41');
	printf("%u\n", 18446744073709551615ULL);
	printf("%d %x %d %d\n", sizeof ('ab'), 'abcdefgh', sizeof ('abcdefgh'), sizeof ('abcde'));
	printf("%d %d %d\n", sizeof (2147483648), sizeof (0xffffffff), sizeof (4294967295u));
	exit(0);
}
