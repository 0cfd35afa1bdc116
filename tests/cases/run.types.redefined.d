/* A program's own types hide none of what built-in variables and members are made from. */

#pragma D option quiet

struct task_struct { int comm; int pid; };
struct mm_struct { int x; };
typedef int pid_t;
struct task_struct mine;
BEGIN
{
	mine.comm = 3;
	printf("%d %d %d\n", mine.comm, sizeof (struct task_struct), curpsinfo->pr_pid == pid);
	printf("%d %d\n", curpsinfo->pr_fname == execname, curthread != 0);
	exit(0);
}
