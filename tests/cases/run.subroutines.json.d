/* json() finds an element of a text by its path; what is not there is NULL. */

#pragma D option quiet

string text;

BEGIN
{
	text = "{ \"a\": 1, \"b\": { \"c\": [ 10, -2.5e+3, \"x\\\"y\", true, {\"deep\": [null]} ] }, \"e\": \"\\u00e9\"}";
	printf("%s|%s|%s|\n", json(text, "a"), json(text, "b.c[2]"), json(text, "b.c[4]"));
	printf("%d\n", strtoll(json(text, "b.c[0]")) + 1);
}
tick-1ms
{
	printf("%s|%s|%s|\n", json(text, "b"), json(text, "b.c[4].deep[0]"), json(text, "e"));
	printf("%d %s\n", json(text, "a.nosuch") == NULL, json("[1, 2, [3, 4]]", "[2][1]"));
	exit(0);
}
