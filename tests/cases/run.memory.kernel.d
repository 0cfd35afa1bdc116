/* Structures of the kernel, by member and by pointer. */

#pragma D option quiet

BEGIN
{
	printf("%d %d\n", curthread->pid == tid, curthread->tgid == pid);
	printf("%d\n", stringof(curthread->comm) == execname);
	printf("%d\n", curthread->group_leader->pid == pid);
	printf("%d\n", sizeof (curthread->comm));
	printf("%d\n", (*curthread).pid == tid);
	exit(0);
}
