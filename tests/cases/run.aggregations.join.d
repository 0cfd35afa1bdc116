/* printa() joins aggregations whose keys agree, though each keeps them in its own way; what one lacks is 0. */

#pragma D option quiet

BEGIN
{
	@a["x", 1] = count(); @b[strjoin("y", ""), 2] = sum(5); @b["z", (uint64_t)3] = sum(-6); @b["x", 1] = sum(1);
	printa(@a, @b); printa("%s %d %@d %@d|%@d\n", @a, @b);
	@m[probename, 1] = count(); @n["BEGIN", 1] = max(-3); @n["END", 1] = max(4);
	printa(@m, @n); printa(@n, @m);
	@q[1] = quantize(1); @c[1] = count(); @c[2] = count(); printa("%d: %@d %@d\n", @c, @q);
	@none = count(); @nothing = sum(7); printa(@none, @nothing); printa("%@d %@x\n", @none, @nothing);
	printa("%@d %@d\n", @none, @none);
	exit(0);
}
