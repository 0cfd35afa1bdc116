/* What reads the characters of a NULL string is a fault at the address 0; assigning and comparing it is none. */

#pragma D option quiet

string m[int];
int n[string];
self string none;
string s;
ERROR { printf("%d at %x in action #%d of clause %d\n", arg4, arg5, arg2, arg1 - 1); }
BEGIN { printf("%s\n", self->none); }
BEGIN { trace(m[1]); }
BEGIN { print(m[1]); }
BEGIN { s = m[1]; printf("assigned %d\n", s == NULL); printf("%s\n", s); }
BEGIN { s = NULL; @[s] = count(); }
BEGIN { trace(n[m[1]]); }
BEGIN { m[strlen(self->none)] = ""; }
BEGIN { s = strjoin("a", self->none); }
BEGIN { s = substr(self->none, 0); }
BEGIN { printf("%d\n", index("a", self->none)); }
BEGIN { s = strstr("a", self->none); }
BEGIN { s = toupper(m[1]); }
BEGIN { s = basename(m[1]); }
BEGIN { s = cleanpath(m[1]); }
BEGIN { trace(strtoll(m[1])); }
BEGIN { s = strchr(m[1], 'a'); }
BEGIN { s = json("{}", "a"); printf("no such element %d\n", s == NULL); s = json(s, "a"); }
BEGIN { printf("%s\n", strstr("abc", "x")); }
BEGIN { printf("%s\n", pid == 0 ? "idle" : NULL); }
BEGIN { printf("%s\n", stringof((char *)NULL)); }
BEGIN { s = strtok("a", m[1]); }
BEGIN { exit(0); }
