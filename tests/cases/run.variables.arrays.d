/* Associative arrays by numbers, strings and both; an element set to 0 is gone. */

#pragma D option quiet

BEGIN
{
	a[1] = 10; a[-1] = 20; a[1] += 5; a[7]++;
	printf("%d %d %d %d\n", a[1], a[-1], a[7], a[8]);
	b["one", 1] = 11; b["one", 2] = 12; b["two", 1] = 21;
	printf("%d %d %d %d\n", b["one", 1], b["one", 2], b["two", 1], b["two", 2]);
	b["one", 1] = 0; printf("%d %d\n", b["one", 1], b["one", 2]);
	s["k"] = "value"; s["l"] = s["k"]; printf("%s %s %d\n", s["k"], s["l"], s["m"] == NULL);
	s["k"] = 0; printf("%d\n", s["k"] == NULL);
	printf("%d\n", a[1]--); printf("%d\n", a[1]);
	exit(0);
}
