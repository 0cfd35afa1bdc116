/*
 * A fault ends a clause that speculates: what it recorded is lost, what others did is kept. The clauses of ERROR may speculate and
 * commit themselves. Numbers that no speculation can have are illegal to commit or discard, and nothing to speculate.
 */
#pragma D option quiet
#pragma D option nspec=2

int zero, kept, other;

ERROR /arg1 == 7/ { speculate(kept); printf("ERROR speculates: fault %d of action %d\n", arg4, arg2); }
ERROR /arg1 != 7/ { printf("fault %d of action %d\n", arg4, arg2); }
ERROR /arg1 == 12/ { commit(other); }

BEGIN { kept = speculation(); other = speculation(); }
BEGIN { speculate(other); printf("committed by ERROR\n"); }
BEGIN { speculate(kept); printf("kept\n"); }
BEGIN { speculate(kept); printf("lost\n"); printf("%d\n", 1 / zero); }
BEGIN { speculate(kept); printf("kept too\n"); }
BEGIN { printf("before\n"); }
BEGIN { commit(kept); }
BEGIN { commit(1 / zero); }
BEGIN { discard(3); }
BEGIN { speculate(-1); printf("never\n"); }
BEGIN { exit(0); }
