/* The sorting options, which act when they are set: equal values go by their keys, numbers without their sign. */

#pragma D option quiet

BEGIN
{
	@a["x", 2] = sum(1); @a["y", 1] = sum(1); @a["x", -1] = sum(1); @a["z", 0] = sum(-5); @a["w", 3] = sum(9);
	@b["x", 2] = sum(30); @b["y", 1] = sum(20); @b["z", 0] = sum(10); @b["w", 3] = sum(0);
	printf("by value\n"); printa("%s %d %@d\n", @a);
	setopt("aggsortrev"); printf("reversed\n"); printa("%s %d %@d\n", @a);
	setopt("aggsortrev", "disable"); setopt("aggsortkey"); printf("by key\n"); printa("%s %d %@d\n", @a);
	setopt("aggsortkeypos", "1"); printf("by the second key\n"); printa("%s %d %@d\n", @a);
	setopt("aggsortkey", "disable"); printf("by value, then by the second key\n"); printa("%s %d %@d\n", @a);
	setopt("aggsortkeypos", "7"); printf("a key that is not there is the first\n"); printa("%s %d %@d\n", @a);
	printf("two\n"); printa("%s %d %@d %@d\n", @a, @b);
	setopt("aggsortpos", "1"); printf("by the second\n"); printa("%s %d %@d %@d\n", @a, @b);
	setopt("aggsortrev"); printf("reversed\n"); printa("%s %d %@d %@d\n", @a, @b);
	exit(0);
}
