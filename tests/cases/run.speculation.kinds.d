/* Every kind of record can be speculated; what its clause does beside that is done at once. */
#pragma D option quiet

int n;
BEGIN { spec = speculation(); @ = count(); @ = count(); }
BEGIN { speculate(spec); n = 41; n++; trace(n); printf("|%s|%d\n", probename, n); printa("%@u times\n", @); }
BEGIN { speculate(spec); trace("text"); trunc(@); }
BEGIN { printf("n is %d\n", n); @ = count(); }
BEGIN { commit(spec); }
BEGIN { exit(0); }
