/* A string is given where a pointer to characters or to void is wanted: its address. */

#pragma D option quiet

struct named { char *name; int n; };

char *p;
char *kept[int];
struct named x;
string s;
self char *mine;
self string never;
this char *made;
void *any;
inline int first[char *text] = *text;
inline int both[char *text] = text[0] + text[1];

BEGIN
{
	p = "constant"; kept[1] = "first"; kept[2] = execname; x.name = "member"; any = "any"; self->mine = "mine";
	printf("%s %c %d\n", stringof(p), p[3], p != NULL);
}
BEGIN
{
	printf("%s %s %s %s %s\n", stringof(p), stringof(kept[1]), stringof(x.name), stringof(any), stringof(self->mine));
	p = "constant" + 3; printf("%s\n", stringof(p));
	s = "variable"; p = s; s[0] = 'V'; printf("%s\n", stringof(p));
	this->made = strjoin("made", " once"); s = strjoin("another", " one");
	printf("%s, %s\n", stringof(this->made), s);
	x.name = self->never; printf("%d %d\n", x.name == NULL, self->mine == NULL);
	this->made = "a"; this->made = NULL; printf("%d\n", this->made == 0);
	printf("%d %d\n", first["a"], both["bc"]);
}
BEGIN
{
	this->q = alloca(16); bcopy("copied", this->q, 7); bcopy(strjoin("ab", "cd"), (char *)this->q + 7, 5);
	printf("%s %s\n", stringof(this->q), stringof((char *)this->q + 7));
	printf("%s\n", inet_ntop(AF_INET, "abcd"));
	exit(0);
}
