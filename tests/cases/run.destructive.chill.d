/* chill() takes the time that it is given, up to half a second in each second; more is an illegal operation. */
#pragma D option quiet
#pragma D option destructive

BEGIN { from = timestamp; }
BEGIN { chill(2000000); }
BEGIN { printf("%s\n", timestamp - from >= 2000000 ? "long" : "short"); }
BEGIN { this->from = timestamp; chill(1000000); printf("%d\n", timestamp - this->from >= 1000000); }

BEGIN
{
	from = timestamp;
	chill(1000); chill(1000); chill(1000); chill(1000); chill(1000); chill(1000); chill(1000); chill(1000);
	chill(1000); chill(1000); chill(1000); chill(1000); chill(1000); chill(1000); chill(1000); chill(1000000);
	printf("%d\n", timestamp - from >= 1015000);
}
BEGIN { chill(500000001); printf("never\n"); }
BEGIN { chill(-1); printf("never\n"); }
ERROR { printf("fault %d in action %d\n", arg4, arg2); }
BEGIN { exit(0); }
