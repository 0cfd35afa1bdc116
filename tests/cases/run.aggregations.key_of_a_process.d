/* A key that a branch takes from the process, and another makes. */

#pragma D option quiet

BEGIN
{
	this->made = 1;
	@[this->made ? strjoin("ma", "de") : copyinstr(1)] = count();
	@two[this->made ? basename("/a/b") : copyinstr(1), 0 ? copyinstr(0) : dirname("/c/d")] = count();
	printa("%s %@d\n", @);
	printa("%s %s %@d\n", @two);
	exit(0);
}
