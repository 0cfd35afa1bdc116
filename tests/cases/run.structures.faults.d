/* What was never set, and what lies beyond an array, is at no address: an error. A write makes the structure. */

#pragma D option quiet

struct point { int x; int y; };
self struct point s;
struct point m[int];
struct point g;
int ten[10];

BEGIN { printf("%d\n", self->s.y); }
ERROR { printf("error %d at %d\n", arg4, arg5 >= 0 && arg5 < 100 ? arg5 : -1); }
BEGIN { printf("%d\n", m[5].y); }
BEGIN { g = self->s; }
BEGIN { this->i = 10; ten[this->i] = 1; }
BEGIN { this->i = -1; printf("%d\n", ten[this->i]); }
BEGIN { *(ten + 10) = 1; }
BEGIN { g = *(struct point *)4; }
BEGIN { *(int *)24 = 1; }
BEGIN { self->s.x = 1; m[5].x = 2; printf("%d %d %d %d\n", self->s.x, self->s.y, m[5].x, m[5].y); }
BEGIN { exit(0); }
