/* The string subroutines and their edges. */

#pragma D option quiet

string s;
BEGIN
{
	s = "hello";
	printf("%d %d\n", strlen(s), strlen(""));
	printf("%s|%s|%s|%s|%s\n", substr(s, 1), substr(s, 1, 2), substr(s, -3, 2), substr(s, 9), substr(s, 0, 99));
	printf("%d %d %d %d %d\n", index(s, "l"), rindex(s, "l"), index(s, "z"), index(s, ""), index(s, "l", 3));
	printf("%s %s %d\n", strchr(s, 'l'), strrchr(s, 'l'), strchr(s, 'z') == NULL);
	printf("%s %d\n", strstr(s, "ll"), strstr(s, "lll") == NULL);
	printf("%s %s\n", toupper("aBc-1"), tolower("AbC-1"));
	printf("%s|%s\n", strjoin(s, ""), strjoin("", s));
	exit(0);
}
