/* And a script reads members that there are. */

struct out { int a; int b; };
translator struct out < struct task_struct *T > { a = T->pid; };
BEGIN
{
	trace(xlate <struct out *>(curthread)->c); /* error: D_XLATE_MEMB */
}
