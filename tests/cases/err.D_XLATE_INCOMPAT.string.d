/* A member is of the type that the structure gives it. */

struct out { int a; int b; };
translator struct out < struct task_struct *T > { a = T->comm; }; /* error: D_XLATE_INCOMPAT */
BEGIN
{
	trace(1);
}
