/* Wide characters and strings, and formats whose widths come from arguments. */

#pragma D option quiet

struct text { int wide[6]; uint32_t full[2]; };
struct text t;

BEGIN
{
	t.wide[0] = 'w'; t.wide[1] = 0xef; t.wide[2] = 0x20ac; t.full[0] = 'a'; t.full[1] = 'b';
	printf("[%ws][%10ws][%-10ws][%.2ws][%ls]\n", t.wide, t.wide, t.wide, t.wide, t.full);
	printf("[%wc][%5wc][%lc]\n", t.wide[2], t.wide[1], 0x110000);
	printf("[%-*.*s|%*d|%0*x]\n", 8, 3, "abcdef", -5, 42, 8, 0xbeef);
	exit(0);
}
