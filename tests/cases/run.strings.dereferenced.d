/* A string counts as a pointer to its characters: it can be advanced, gone back in and dereferenced. A member that is a
   char * in the original can be cast to one. */
#pragma D option quiet

BEGIN
{
	this->path = strjoin("abc", "/x");
	this->size = strlen(this->path);
	printf("%c %c %c ", *(this->path + this->size - 1), *this->path, (this->path + 2)[1]);
	printf("%s %c\n", this->path + 3 - 1, *("xyz" + 1));
	this->dir = curthread->t_procp->p_user.u_cdir->v_path;
	this->size = strlen(this->dir);
	printf("%c %d\n", *(char *)this->dir, *(char *)(this->dir + this->size));
	exit(0);
}
