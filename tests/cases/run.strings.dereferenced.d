/* A string counts as a pointer to its characters: it can be advanced, gone back in and dereferenced. */
#pragma D option quiet

BEGIN
{
	this->path = strjoin("abc", "/x");
	this->size = strlen(this->path);
	printf("%c %c %c ", *(this->path + this->size - 1), *this->path, (this->path + 2)[1]);
	printf("%s %c\n", this->path + 3 - 1, *("xyz" + 1));
	exit(0);
}
