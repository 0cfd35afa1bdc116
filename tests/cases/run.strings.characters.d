/* A string counts as a pointer to its characters: read, written in place, and read from there on. */

#pragma D option quiet

string g;
string m[int];

BEGIN
{
	g = "hello"; this->s = g; this->i = 4;
	printf("%c%c %s %s %s\n", g[0], g[this->i], g + 1, 3 + g, g + this->i);
	this->s[0] = 'J'; this->s[4] = 0; printf("%s %s\n", this->s, g);
	self->s = g; self->s[1]++; m[1] = g; m[1][2] = 'L'; printf("%s %s\n", self->s, m[1]);
	printf("%d %c\n", g[5], execname[0] ? 'y' : 'n');
	g[0] = 0; printf("%d <%s>\n", g == NULL, g);
	exit(0);
}
