/* strtok() remembers where it is. */

#pragma D option quiet

BEGIN
{
	this->t = strtok("a,bc;d", ",;"); printf("%s\n", this->t);
	printf("%s\n", strtok(NULL, ",;"));
	printf("%s\n", strtok(NULL, ",;"));
	printf("%d\n", strtok(NULL, ",;") == NULL);
	exit(0);
}
