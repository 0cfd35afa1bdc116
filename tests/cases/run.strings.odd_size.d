/* A string has strsize bytes with its NUL, which need not be a multiple of eight. */

#pragma D option quiet
#pragma D option strsize=13

string given;
BEGIN
{
	given = "abcdefghijklmnopqrstuvw";
	this->t = given; self->s = "abcdefghijklmnopqrstuvw"; a[given] = strjoin(given, "xyz");
	printf("%s %s %s %s %d\n", given, this->t, self->s, a[given], strlen(given));
	printf("%s %s\n", strjoin("abcdefgh", "ijklmnopq"), toupper("abcdefghijklmnopqrstuvw"));
	printf("%s|%s\n", lltostr(-1234567890123456), substr("abcdefghijklmnopqrstuvw", 1));
	@[strjoin(given, given)] = count(); @["abcdefghijklmnopqrstuvw"] = count(); printa("%s %@d\n", @);
	exit(0);
}
