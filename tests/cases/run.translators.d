/* Translators of the script's own: member by member, by an inline, and as a whole: from itself, the rest of it 0. */

#pragma D option quiet

struct brief { int id; string name; int twice:4; struct brief *none; };
#pragma D binding "1.13" translator
translator struct brief < struct task_struct *T > {
	id = T->pid;
	name = strjoin("<", strjoin(T->comm, ">"));
	twice = 2;
};
translator struct brief < int I > { id = I + 1; twice = -1; };
inline struct brief *me = xlate <struct brief *>(curthread);
inline struct brief of[int i] = xlate <struct brief>(i);
self struct brief kept;
struct pair { int left; int right; struct { int more[2]; }; };
translator struct pair < struct pair P > { left = P.right; right = P.left; };
struct pair pair;

BEGIN
{
	printf("%d %d\n", xlate <struct brief *>(curthread)->id == tid, me->name == strjoin("<", strjoin(execname, ">")));
	printf("%d %d %d\n", xlate <struct brief>(41).id, (*me).twice, of[6].id);
	self->kept = xlate <struct brief>(curthread);
	this->other = xlate <struct brief>(8);
	printf("%d %d %d %d\n", self->kept.id == tid, self->kept.name == me->name, self->kept.twice, this->other.twice);
	pair.left = 1; pair.right = 2; pair.more[1] = 3;
	pair = xlate <struct pair>(pair);
	printf("%d %d %d\n", pair.left, pair.right, pair.more[1]);
	printf("%d\n", (*curpsinfo).pr_pid == pid);
	exit(0);
}
