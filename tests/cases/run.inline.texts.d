/* FreeBSD's texts of errors and names of signals, of constants and of what is known when the probe fires. */

#pragma D option quiet

BEGIN
{
	error = EACCES;
	number = SIGUSR1;
	printf("%s, %s, %s, %s\n", strerror[0], strerror[ENOENT], strerror[error], strerror[999]);
	printf("%s %s %s\n", signal_string[SIGKILL], signal_string[number], signal_string[40]);
	code = CLD_DUMPED;
	printf("%s, %s, %s\n", child_signal_string[CLD_EXITED], child_signal_string[code], child_signal_string[9]);
	family = (sa_family_t)16;
	printf("%d %d %d %d\n", AF_LOCAL == AF_UNIX, family == AF_ROUTE, family == AF_ATM, (sa_family_t)-3 == AF_IMPLINK);
	@[strerror[error]] = count();
	exit(0);
}
