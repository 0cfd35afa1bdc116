/* What is speculated appears at the commit, in its order; what is discarded never does. */
#pragma D option quiet
#pragma D option nspec=2

BEGIN { self->one = speculation(); self->two = speculation(); printf("ids %d %d\n", self->one, self->two); }
BEGIN { speculate(self->one); printf("one, first: %d\n", 1); }
BEGIN { speculate(self->two); printf("two, first: %s\n", "x"); }
BEGIN { printf("before all\n"); }
BEGIN { speculate(self->one); printf("one, "); trace("second"); printf("\n"); }
BEGIN { speculate(self->two); printf("two, second\n"); }
BEGIN { commit(self->two); }
BEGIN { printf("between\n"); }
BEGIN { commit(self->one); }
BEGIN { self->one = speculation(); self->two = speculation(); printf("again %d %d\n", self->one, self->two); }
BEGIN { speculate(self->one); printf("discarded\n"); }
BEGIN { speculate(self->two); printf("kept\n"); discard(self->one); }
BEGIN { commit(self->two); }
BEGIN { speculate(self->one); printf("one is over\n"); }
BEGIN { printf("the end\n"); exit(0); }
