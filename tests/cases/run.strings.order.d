/* A string is read where it stands, before what is assigned on its right. */

#pragma D option quiet

string s;
BEGIN
{
	s = "a"; printf("%s\n", strjoin(s, (s = "x")));
	s = "b"; printf("%s\n", strjoin((s = "y"), s));
	s = "c"; printf("%d\n", index(s, (s = "c")));
	s = "defg"; printf("%s %s\n", substr(s, (s = "hi") == "hi"), s);
	s = "1f"; printf("%d\n", strtoll(s, (s = "2") == "2" ? 16 : 10));
	s = "one,two"; printf("%s %s\n", strtok(s, (s = ",")), strtok(NULL, s));
	s = "j"; printf("%d %d\n", s < (s = "k"), (s = "l") < s);
	s = "m"; a[s, (s = "n") == "n"] = 1; printf("%d %d\n", a["m", 1], a["n", 1]);
	s = "o"; b[(s = "pq"), strlen(s)] = 1; printf("%d %d\n", b["pq", 2], b["pq", 1]);
	s = "r"; @[s, (s = "s"), s] = count(); printa("%s %s %s %@d\n", @);
	s = "t"; printf("%s %s %s\n", s, s = "u", s);
	self->t = "v"; printf("%s\n", strjoin(self->t, (self->t = "w")));
	c[1] = "x"; printf("%s %s\n", strjoin(c[1], (c[1] = "y")), c[1]);
	exit(0);
}
