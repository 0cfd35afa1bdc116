/* Names of types in the namespaces of the kernel, of C and of D. */

#pragma D option quiet

struct own { int mine; };
C`int x; D`uint32_t y; struct vmlinux`task_struct *p; vmlinux`pid_t q;
struct vmlinux`task_struct *by_thread[vmlinux`pid_t];

BEGIN
{
	printf("%d %d\n", sizeof (struct own), sizeof (struct D`own));
	printf("%d\n", sizeof (struct vmlinux`task_struct) == sizeof (struct task_struct));
	printf("%d %d %d\n", sizeof (vmlinux`u64), sizeof (C`short), sizeof (D`uint8_t));
	p = curthread; q = p->pid; by_thread[q] = p;
	printf("%d %d\n", q == ((struct vmlinux`task_struct *)curthread)->pid, by_thread[p->pid] == curthread);
	exit(0);
}
