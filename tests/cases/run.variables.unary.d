/* An operator with one operand makes an element, or a variable of the thread or the clause, that nothing has made yet. */

#pragma D option quiet

BEGIN
/!pending["a"] && !self->seen/
{
	printf("%d %d %d %d\n", -this->x, ~this->y, sizeof (this->x), !a[1, "b"]);
	pending["a"]++;
	self->seen = 1;
}

BEGIN
/!pending["a"]/
{
	printf("again\n");
}

BEGIN
{
	exit(0);
}
