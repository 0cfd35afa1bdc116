/* NULL is compared as an empty string. A string of a thread and an element that were never set are NULL, others empty. */

#pragma D option quiet

string s;
string m[int];
self string s;
this string none;
BEGIN
{
	printf("%d %d [%s] %d\n", s == NULL, s != NULL, s, strlen(s));
	s = "x"; printf("%d %d\n", s == NULL, s > "");
	s = ""; printf("%d %d\n", s == NULL, s == "");
	s = NULL; printf("%d %d %d\n", s == NULL, s == "", s < "a");
	printf("%d %d\n", m[1] == NULL, self->s == NULL); self->s = "set"; m[1] = "also";
	printf("%d %d\n", m[1] == NULL, self->s == NULL); m[1] = s; self->s = m[1];
	printf("%d %d\n", m[1] == NULL, self->s == NULL);
}
BEGIN { printf("[%s] [%s]\n", this->none, this->none = "was"); this->none = NULL; printf("%d\n", this->none == NULL); }
BEGIN { s = m[2] != NULL ? "there" : "not there"; printf("%s\n", s); s = strstr(s, "none"); printf("%d\n", s == NULL); }
BEGIN { this->pointer = (char *)NULL; s = stringof(this->pointer); printf("%d %d\n", s == NULL, stringof(this->pointer) == "a"); }
BEGIN { printf("%d %d\n", strchr("abc", 0) == NULL, strchr("abc", 'c') == NULL); exit(0); }
