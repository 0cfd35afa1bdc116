/* this-> variables live across the clauses of one firing. */

#pragma D option quiet

BEGIN
{
	this->n = 4;
	this->s = "text";
}

BEGIN
{
	printf("%d %s\n", this->n, this->s);
	this->n++;
}

BEGIN
{
	printf("%d\n", this->n);
	exit(0);
}
