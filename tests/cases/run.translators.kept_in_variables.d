/* What a translator takes is kept in variables: its members are read when they are named. */

#pragma D option quiet

BEGIN
{
	self->mine = curthread->t_procp;
	this->psinfo = curpsinfo;
	info = curpsinfo;
	printf("%d %d %d\n", self->mine->p_pidp->pid_id == pid, this->psinfo->pr_pid == pid, info->pr_pid == pid);
	exit(0);
}
