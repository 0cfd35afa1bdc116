/* Structures that processes hand to system calls have the names that C programs give them. */
#pragma D option quiet
BEGIN
{
	printf("%d %d %d %d %d %d\n", sizeof (struct timespec), sizeof (struct timeval), sizeof (timestruc_t),
	    sizeof (struct itimerval), sizeof (struct stat64), sizeof (struct sockaddr_storage));
	printf("%d %d %d\n", offsetof(struct timespec, tv_nsec), offsetof(struct timeval, tv_usec),
	    offsetof(struct dirent, d_name));
	this->t = (struct timespec *)alloca(sizeof (struct timespec));
	this->t->tv_sec = 3;
	this->t->tv_nsec = 5;
	print(*this->t);
	exit(0);
}
