/* A predicate may look at a string of the thread that its clause then frees. */
#pragma D option quiet

BEGIN
{
	self->name = "kept";
}

tick-1s
/self->name != NULL/
{
	printf("gone %d\n", pid);
	self->name = 0;
}

BEGIN
/self->name != NULL/
{
	printf("%s\n", self->name);
	self->name = 0;
}

BEGIN
/self->name == NULL/
{
	printf("freed\n");
	exit(0);
}
