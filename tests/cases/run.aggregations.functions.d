/* Every aggregating function with known data. */

#pragma D option quiet

BEGIN
{
	@c = count(); @s = sum(2); @a = avg(2); @mn = min(2); @mx = max(2); @d = stddev(2);
	@c = count(); @s = sum(4); @a = avg(4); @mn = min(4); @mx = max(4); @d = stddev(4);
	@c = count(); @s = sum(4); @a = avg(4); @mn = min(4); @mx = max(4); @d = stddev(4);
	@c = count(); @s = sum(4); @a = avg(4); @mn = min(4); @mx = max(4); @d = stddev(4);
	@c = count(); @s = sum(5); @a = avg(5); @mn = min(5); @mx = max(5); @d = stddev(5);
	@c = count(); @s = sum(5); @a = avg(5); @mn = min(5); @mx = max(5); @d = stddev(5);
	@c = count(); @s = sum(7); @a = avg(7); @mn = min(7); @mx = max(7); @d = stddev(7);
	@c = count(); @s = sum(9); @a = avg(9); @mn = min(9); @mx = max(9); @d = stddev(9);
	@c = count(); @s = sum(-4); @a = avg(-4); @mn = min(-4); @mx = max(-4); @d = stddev(-4);
	printa("%@d %@d %@d %@d %@d %@d\n", @c, @s, @a, @mn, @mx, @d);
	exit(0);
}
