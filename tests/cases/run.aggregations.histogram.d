/* agghist draws counts and sums, one line for each key; aggzoom makes the greatest nearly fill the room. */

#pragma D option quiet
#pragma D option agghist

BEGIN
{
	@c["ls"] = count(); @c["ls"] = count(); @c["ls"] = count(); @c["sh"] = count();
	@s[1, (char)2, "k"] = sum(10); @s[100, (char)3, "l"] = sum(-3);
	@a["avg"] = avg(7); @a["neg"] = avg(-2);
	@none = sum(12);
	@m["max"] = max(5);
	printa(@c); printa(@s); printa(@a); printa(@none); printa(@m);
	normalize(@s, 2); printa(@s);
	printa("formats are not drawn: %s %@d\n", @c);
	setopt("aggzoom"); printa(@c); printa(@s);
	setopt("encoding", "utf8"); printa(@c);
	exit(0);
}
