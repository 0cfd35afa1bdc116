/* Keys of all kinds; equal keys are one. */

#pragma D option quiet

BEGIN
{
	@n[1] = count(); @n[-2] = count(); @n[1] = count(); printa("%d %@d\n", @n);
	@s["x"] = sum(3); @s[strjoin("x", "")] = sum(4); printa("%s %@d\n", @s);
	@m[1, "a", (char)2] = max(7); @m[1, "b", (char)2] = max(5); printa("%d %s %d %@d\n", @m);
	@p[probeprov, probename] = count(); printa("%s:%s %@d\n", @p);
	exit(0);
}
