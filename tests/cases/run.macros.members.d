/* An argument names a member, and a variable of a thread. */
/* args: pid count */

#pragma D option quiet

BEGIN
{
	self->$2 = 4;
	printf("%d %d %d\n", curthread->$1 == ((struct task_struct *)curthread)->pid, self->count, self->$2 + 1);
	exit(0);
}
