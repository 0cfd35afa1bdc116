/* Strings are cut at strsize. */

#pragma D option quiet

#pragma D option strsize=8

string s;
BEGIN
{
	s = "0123456789"; printf("%s\n", s);
	printf("%s\n", strjoin("abcd", "efghij"));
	@[s] = count(); printa("%s %@d\n", @);
	exit(0);
}
