/* A translator makes members that there are. */

struct out { int a; int b; };
translator struct out < struct task_struct *T > { c = T->pid; }; /* error: D_XLATE_MEMB */
BEGIN
{
	trace(1);
}
