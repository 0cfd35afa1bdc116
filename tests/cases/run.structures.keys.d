/* A structure is a key of an associative array by its bytes. */

#pragma D option quiet

struct pair { int a; char c; };
struct pair one, two;
self struct pair own;
int declared[struct pair, string];

BEGIN
{
	one.a = 1; one.c = 'x'; two.a = 1; two.c = 'x';
	seen[one] = 10; seen[two] += 5;
	printf("%d %d\n", seen[one], seen[two]);
	two.c = 'y'; seen[two] = 7;
	printf("%d %d\n", seen[one], seen[two]);
	declared[one, "left"] = 1; declared[one, "right"] = 2; self->own = one;
	printf("%d %d %d\n", declared[self->own, "left"], declared[self->own, "right"], declared[two, "left"]);
	seen[one] = 0;
	self->by[two] = 3; this->p = (struct pair *)alloca(sizeof (struct pair)); *this->p = two;
	printf("%d %d %d\n", seen[one], seen[*this->p], self->by[*this->p]);
}
BEGIN { trace(seen[*(struct pair *)4]); }
ERROR { printf("error %d at %d\n", arg4, arg5); }
BEGIN { exit(0); }
