/* A structure alone is a statement that does nothing; its address is all that is looked at. */

#pragma D option quiet

struct pair { int a; char c; };
struct pair g;
this struct pair t;
struct pair m[int];

BEGIN { g; this->t; m[1]; g, 1; *(struct pair *)0; printf("done\n"); exit(0); }
