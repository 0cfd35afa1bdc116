/* FreeBSD's texts of errors and names of signals, of constants and of what is known when the probe fires. */

#pragma D option quiet

BEGIN
{
	error = EACCES;
	number = SIGUSR1;
	printf("%s, %s, %s, %s\n", strerror[0], strerror[ENOENT], strerror[error], strerror[999]);
	printf("%s %s %s\n", signal_string[SIGKILL], signal_string[number], signal_string[40]);
	@[strerror[error]] = count();
	exit(0);
}
