/*
 * speculate() of no speculation ends its clause silently; commit() and discard() of none do nothing. A number is free
 * again once it was committed or discarded. To commit or discard more than nspec is an illegal operation.
 */
#pragma D option quiet
#pragma D option nspec=3

int n;
int fault;
ERROR { fault = arg4; where = arg2; }
BEGIN { n++; speculate(0); n += 100; printf("nothing\n"); }
BEGIN { printf("n %d\n", n); }
BEGIN { n++; speculate(1); n += 100; printf("not given out\n"); }
BEGIN { n++; commit(0); }
BEGIN { n++; commit(1); }
BEGIN { n++; discard(0); discard(1); discard(3); commit(3); n++; }
BEGIN { printf("n %d, fault %d\n", n, fault); }
BEGIN { n++; speculate(4); n += 100; }
BEGIN { printf("n %d, fault %d in action %d\n", n, fault, where); fault = 0; }
BEGIN { commit(-1); }
BEGIN { printf("fault %d in action %d\n", fault, where); fault = 0; }
BEGIN { discard(77); }
BEGIN { printf("fault %d in action %d\n", fault, where); }
BEGIN { a = speculation(); b = speculation(); c = speculation(); }
BEGIN { printf("%d %d %d %d\n", a, b, c, speculation()); discard(b); }
BEGIN { printf("%d\n", speculation()); }
BEGIN { commit(c); }
BEGIN { discard(a); }
BEGIN { printf("%d %d %d\n", speculation(), speculation(), speculation()); }
BEGIN { exit(0); }
