/* Arguments that a probe does not have are 0; those of ERROR are told. */

#pragma D option quiet

BEGIN { printf("%d %d\n", arg0, arg9); }
BEGIN { trace(*(int *)8); }
BEGIN { exit(0); }
ERROR { printf("%d %d %d %d\n", arg0, arg4, arg5, arg6); }
END { printf("%d\n", arg1); }
