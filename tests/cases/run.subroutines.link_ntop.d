/* link_ntop() shows addresses of Ethernet and InfiniBand; another hardware type is an illegal operation. */

#pragma D option quiet

BEGIN
{
	this->a = (uint8_t *)alloca(20);
	this->a[0] = 0x08; this->a[2] = 0x20; this->a[3] = 0xac; this->a[4] = 4; this->a[5] = 0x9f; this->a[19] = 0xff;
	printf("%s\n%s\n", link_ntop(ARPHRD_ETHER, this->a), link_ntop(ARPHRD_INFINIBAND, this->a));
	this->kind = 1; printf("%s\n", link_ntop(this->kind, this->a));
	this->kind = 32; printf("%d\n", strlen(link_ntop(this->kind, this->a)));
}
BEGIN { printf("%s\n", link_ntop(ARPHRD_ETHER, (void *)24)); }
BEGIN { this->kind = 2; printf("%s\n", link_ntop(this->kind, alloca(6))); }
ERROR { printf("error %d %d\n", arg4, arg5); }
BEGIN { exit(0); }
