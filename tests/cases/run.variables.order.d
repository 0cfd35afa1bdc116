/* A clause's predicate may name what its body makes, and its body what its predicate makes; ++ makes a variable, also
   an element, of the type int64_t; and a declaration holds for the whole text. */

#pragma D option quiet

BEGIN
/x++ == 0/
{
	printf("%d %d\n", x, sizeof (x));
}

BEGIN
/y == 0/
{
	printf("%d %d\n", y++, sizeof (y));
}

BEGIN
{
	a["k"]++; self->n--; --this->m; late = a["k"];
	printf("%d %d %d %d\n", late, self->n, this->m, sizeof (a["k"]) + sizeof (self->n));
	print(y);
	exit(0);
}

char late;
