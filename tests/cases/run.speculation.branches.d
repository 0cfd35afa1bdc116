/* speculate() and commit() in branches: a branch's speculation ends with the branch. */
#pragma D option quiet
#pragma D option nspec=4

BEGIN { this->a = speculation(); this->b = speculation(); x = 1; }
BEGIN
{
	printf("first\n");
	if (x) {
		speculate(this->a);
		printf("a, x is %d\n", x);
	} else {
		speculate(this->b);
		printf("b\n");
	}
	printf("not speculated\n");
}
BEGIN
{
	speculate(this->a);
	printf("a again\n");
	if (x == 1)
		commit(this->a);
}
BEGIN { if (x == 1) commit(this->b); else discard(this->b); printf("last\n"); }
BEGIN { exit(0); }
