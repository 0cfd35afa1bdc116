/* Strings are values: assigned, kept in arrays, used as keys. */

#pragma D option quiet

string s;
string t;
BEGIN
{
	s = "one"; t = s; s = "two"; printf("%s %s\n", s, t);
	m[s, 1] = t; printf("%s\n", m["two", 1]);
	s = strjoin(s, t); s = strjoin(s, s); printf("%s\n", s);
	this->s = strjoin("<", t); this->s = strjoin(this->s, ">"); printf("%s\n", this->s);
	exit(0);
}
