/* NULL is an int where it is measured or printed, and fits pointers and strings. */

#pragma D option quiet

BEGIN
{
	printf("%d %x %d\n", NULL, NULL, sizeof NULL);
	trace(NULL);
	this->p = (char *)0; trace(this->p == NULL);
	s = "word"; trace(s == NULL); s = NULL; trace(s == NULL);
	exit(0);
}
