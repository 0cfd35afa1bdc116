/* The script's translator does not make this member. */

struct out { int a; int b; };
translator struct out < struct task_struct *T > { a = T->pid; };
BEGIN
{
	trace(xlate <struct out *>(curthread)->b); /* error: D_XLATE_NOCONV */
}
