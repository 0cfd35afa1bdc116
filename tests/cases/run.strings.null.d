/* A string that was never set is NULL, and prints as nothing; an empty one is not NULL. */

#pragma D option quiet

string s;
string t;
BEGIN
{
	printf("%d %d [%s]\n", s == NULL, s != NULL, s);
	s = "x"; t = "";
	printf("%d %d\n", s == NULL, t == NULL);
	s = NULL; printf("%d\n", s == NULL);
	t = s; printf("%d\n", t == NULL);
	exit(0);
}
