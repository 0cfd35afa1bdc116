/* printa() of several aggregations joins them by their keys. */

#pragma D option quiet

BEGIN
{
	@a["x"] = count(); @b["x"] = sum(5); @b["y"] = sum(6);
	printa("%s %@d %@d\n", @a, @b);
	exit(0);
}
