/* Inlines with parameters: each argument is calculated once; a body knows its parameters and global names alone. */

#pragma D option quiet

inline int64_t twice[int64_t n] = n + n;
inline int64_t mean[int64_t a, int64_t b] = (a + b) / 2;
inline string paren[string s] = strjoin("(", strjoin(s, ")"));
inline string kind[int k] = k == 0 ? "none" : k == 1 ? "one" : "many";
inline int64_t fourfold[int64_t n] = twice[twice[n]];
inline uint8_t low[int64_t n] = n;
struct point { int x; int y; };
inline int64_t total[struct point *p] = p->x + p->y;
struct text { char few[2]; char more[4]; };
inline int last[char text[4]] = text[3];
int n;

BEGIN
{
	n = 3;
	printf("%d %d %d\n", twice[n + 1], twice[n++], n);
	printf("%d %d\n", mean[10, twice[20]], fourfold[5]);
	printf("%s %s %s %s\n", paren["x"], paren[paren[kind[1]]], kind[0], kind[n]);
	printf("%d\n", low[0x1ff]);
	this->p = (struct point *)alloca(sizeof (struct point)); this->p->x = 3; this->p->y = 4;
	printf("%d\n", total[this->p]);
	this->t = (struct text *)alloca(sizeof (struct text)); this->t->more[3] = 'm'; this->t->few[1] = 'f';
	printf("%c %c %c\n", last[this->t->more], last[this->t->few + 2], last["text"]);
	@[kind[2], twice[4]] = sum(twice[1]);
	printa("%s %d %@d\n", @);
	exit(0);
}
