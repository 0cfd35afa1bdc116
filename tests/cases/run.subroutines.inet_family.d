/* inet_ntop() takes a family that is known only as the program runs; one that is neither is an illegal operation. */

#pragma D option quiet

BEGIN
{
	this->a = (uint8_t *)alloca(16); this->a[0] = 127; this->a[3] = 1; this->a[15] = 2;
	this->family = AF_INET; printf("%s\n", inet_ntop(this->family, this->a));
	this->family = AF_INET6; printf("%s\n", inet_ntop(this->family, this->a));
}
BEGIN { this->a = alloca(16); this->family = 1; printf("%s\n", inet_ntop(this->family, this->a)); }
ERROR { printf("fault %d\n", arg4); exit(0); }
