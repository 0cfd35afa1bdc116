/* ERROR clauses have scratch memory and strtok() of their own; inet_ntop() knows the address families. */

#pragma D option quiet

BEGIN { this->first = strtok("a,b", ","); x = *(int *)8; }
ERROR { this->p = (char *)alloca(8); this->p[0] = 65; this->p[1] = 0; printf("%s %s\n", stringof(this->p), strtok("c,d", ",")); }
BEGIN
{
	this->a = (uint8_t *)alloca(4);
	this->a[0] = 127; this->a[1] = 0; this->a[2] = 0; this->a[3] = 1;
	printf("%s %s\n", inet_ntop(AF_INET, this->a), inet_ntoa((uint32_t *)this->a));
	exit(0);
}
