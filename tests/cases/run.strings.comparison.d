/* Strings compare byte by byte. */

#pragma D option quiet

string a;
string b;
BEGIN
{
	a = "abc"; b = "abd";
	printf("%d %d %d %d %d %d\n", a == b, a != b, a < b, a <= b, a > b, a >= b);
	b = "ab"; printf("%d %d\n", a < b, b < a);
	b = "abc"; printf("%d %d %d\n", a == b, a == "abc", "abc" == b);
	b = ""; printf("%d %d\n", b < a, b == "");
	exit(0);
}
