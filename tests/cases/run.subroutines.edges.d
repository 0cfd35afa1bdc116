/* What the subroutines give at their edges: empty texts, places beyond both ends, bases that are none. */

#pragma D option quiet

string s;
string e;

BEGIN
{
	s = "hello"; e = "";
	printf("%s|%s|%s|%s|%s|\n", substr(s, 5), substr(s, -6), substr(s, -7, 4), substr(s, 1, -2), substr(s, 2, 0));
	printf("%s|%s|%s|\n", substr("hello", -6), substr("hello", -255), substr("hello", -261));
	printf("%d %d %d %d %d\n", index(s, "l", -5), index(s, "l", 99), index(s, "", -1), index(s, "", 99), index(e, ""));
	printf("%d %d %d %d %d\n", rindex(s, "l", 99), rindex(s, "l", -1), rindex(s, "", -1), rindex(s, ""), rindex(e, "x"));
	printf("%d %d %d\n", index(s, "hellox"), rindex(s, "h", 0), rindex(s, "hello", 3));
}
BEGIN
{
	printf("%s|%d %d %d\n", strchr(s, 0), strchr(s, 0) == NULL, strrchr(s, 0) == NULL, strchr(e, 'x') == NULL);
	this->end = strchr(s, 0); printf("%d %d\n", this->end == NULL, strlen(this->end));
	printf("%s|%s|%d %d\n", strstr(s, ""), strstr(e, ""), strstr(e, "") == NULL, strstr(e, "x") == NULL);
	printf("%s\n", toupper(substr(strjoin(s, strjoin("-", strstr(s, "ll"))), 1, 6)));
	printf("%s %s\n", toupper("az@[`{09"), tolower("AZ@[`{09"));
}
BEGIN { printf("%s %s %s %s %s\n", basename(""), basename("//"), basename("a/"), basename("a//"), basename("/a//b//")); }
BEGIN { printf("%s %s %s %s %s\n", dirname(""), dirname("//"), dirname("a/"), dirname("a//b"), dirname("//a//b//")); }
BEGIN
{
	printf("%s|%s|%s|%s|%s|", cleanpath(""), cleanpath("/"), cleanpath("//"), cleanpath("a/"), cleanpath("/a/.."));
	printf("%s|%s|%s\n", cleanpath(".."), cleanpath("./a"), cleanpath("/a/../../b"));
}
BEGIN { printf("%s %s %s %s %s\n", lltostr(10, 2), lltostr(-1, 16), lltostr(8, 8), lltostr(0, 16), lltostr(-5, 10)); }
BEGIN { printf("%d %d %d %d\n", strtoll(" \t-12x"), strtoll(""), strtoll("-"), strtoll("\n5")); }
BEGIN { printf("%d %d %d\n", strtoll("0x10"), strtoll("0x10", 16), strtoll("9223372036854775808")); }

BEGIN { printf("%s\n", lltostr(5, 1)); }
BEGIN { printf("%d\n", strtoll("5", 0)); }
BEGIN { this->base = 37; printf("%d\n", strtoll("5", this->base)); }
ERROR { printf("fault %d\n", arg4); }

BEGIN
{
	this->p = alloca(16); bcopy("literal", this->p, 8); printf("%s\n", stringof((char *)this->p));
	bcopy(s, this->p, 2); printf("%s\n", stringof((char *)this->p));
	exit(0);
}
