/* memstr() of FreeBSD: bytes as a string, each NUL of them a character, the last of them left out. */

#pragma D option quiet

BEGIN
{
	this->p = (char *)alloca(16);
	bcopy("one", this->p, 4); bcopy("two", this->p + 4, 4); bcopy("x", this->p + 9, 2);
	printf("%s|%s|%s|\n", memstr(this->p, ' ', 8), memstr(this->p, '-', 12), memstr(this->p, ',', 4));
	printf("%s|%s|%s|\n", memstr(this->p, ' ', 1), memstr(this->p, ' ', 0), memstr(this->p + 3, '\0', 3));
	printf("%s|%d\n", memstr("constant", '_', 6), strlen(memstr(this->p, '+', 16)));
	this->n = 5; this->c = 'A';
	printf("%s|%s\n", memstr(this->p, this->c, this->n), strjoin(memstr(this->p, '/', 8), "/"));
}
BEGIN { printf("%s\n", memstr(NULL, ' ', 9)); }
ERROR { printf("fault %d at %d\n", arg4, arg5); }
BEGIN { exit(0); }
