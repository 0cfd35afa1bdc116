/* strtok() remembers where it is, for the clauses of one firing; NULL goes on, also one in a variable. */

#pragma D option quiet

self string none;

BEGIN
{
	this->t = strtok("a,bc;d", ",;"); printf("%s\n", this->t);
	printf("%s\n", strtok(NULL, ",;"));
	printf("%s\n", strtok(NULL, ",;"));
	printf("%d\n", strtok(NULL, ",;") == NULL);
	printf("%d\n", strtok(NULL, ",;") == NULL);
}
BEGIN { this->path = "/usr//lib"; this->t = strtok(this->path, "/"); printf("%s\n", this->t); }
BEGIN { this->t = strtok(self->none, "/"); printf("%s\n", this->t); this->t = strtok(NULL, "/"); printf("%d\n", this->t == NULL); }
BEGIN { printf("%d %d\n", strtok("", "/") == NULL, strtok("///", "/") == NULL); this->t = strtok("left over", " "); }
tick-100hz { this->t = strtok(NULL, " "); printf("%d\n", this->t == NULL); exit(0); }
