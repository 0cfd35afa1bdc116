/* Formats of printa(): flags and widths of keys and values, values taken in turn, the last one again, keys left out. */

#pragma D option quiet

BEGIN { @x[7, "wide"] = count(); }

BEGIN
{
	@a["x", 5] = count(); @b["x", 5] = sum(-12); @c["y", 1] = sum(7); @c["x", 5] = sum(1);
	printa("[%-6s|%04d|%@8d|%@-8d|%@+d|%@x|%@#x|%@o|%@5u|%@'d]\n", @a, @b);
	printa("[%s|%@d]\n", @a); printa("no values: %s\n", @a); printa("%@d only\n", @c);
	printa("[%*s]\n", @x);
	exit(0);
}
