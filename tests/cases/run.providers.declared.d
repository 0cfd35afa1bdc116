/* A provider may be declared, also with translated arguments, and its types and names are checked. */

#pragma D option quiet
#pragma D option zdefs

struct query { string text; int rows; };
translator struct query < int N > { text = "none"; rows = N; };
provider app {
	probe query__start(char *sql, int n);
	probe query__done(int n, int m) : (int m, struct query *n);
	probe idle(void);
};
#pragma D attributes Evolving/Evolving/ISA provider app provider
#pragma D attributes Stable/Stable/Common provider app args
#pragma D binding "1.0" app

app*:::query-done { trace(args[1]->rows + args[0]); }
app*:::query-start { trace(args[1]); }
BEGIN { printf("declared\n"); exit(0); }
