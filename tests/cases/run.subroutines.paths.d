/* Parts of path names. */

#pragma D option quiet

BEGIN
{
	printf("%s %s %s %s\n", basename("/a/b"), basename("b"), basename("/a/"), basename("/"));
	printf("%s %s %s %s\n", dirname("/a/b"), dirname("b"), dirname("/a/"), dirname("/"));
	printf("%s %s\n", cleanpath("/a/./b/../c"), cleanpath("//x///y"));
	exit(0);
}
