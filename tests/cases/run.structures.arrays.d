/* Arrays of C: global, thread-local, clause-local, in structures, of structures, of strings, of two dimensions. */

#pragma D option quiet

struct point { int x; int y; };
struct line { struct point ends[2]; };
int g[10];
self int s[4];
this char t[8];
int two[2][3];
struct line lines[3];
string names[3];
struct point pointed[2];

BEGIN
{
	this->i = 3;
	g[3] = 33; g[4] = g[this->i] + 1; g[this->i] += 7; g[0]--;
	printf("%d %d %d %d\n", g[3], g[this->i + 1], g[9], g[0]);
	self->s[2] = 5; this->t[0] = 'o'; this->t[1] = 'k';
	printf("%d %d %s %c\n", self->s[2], self->s[1], stringof(this->t), this->t[1]);
	two[1][2] = 12; two[0][this->i - 2] = 1;
	printf("%d %d %d\n", two[1][2], two[0][1], two[1][0]);
	lines[2].ends[1].y = 6; lines[2].ends[0] = lines[2].ends[1];
	printf("%d %d\n", lines[2].ends[0].y, lines[this->i - 1].ends[1].y);
	names[1] = "one"; names[this->i - 1] = strjoin(names[1], "+1");
	printf("%s|%s|%s|\n", names[0], names[1], names[2]);
	printf("%d %d %d\n", sizeof (g), sizeof (two), sizeof (lines));
	this->q = pointed; this->q++;
	printf("%d\n", (uint64_t)this->q - (uint64_t)&pointed[0]);
	exit(0);
}
