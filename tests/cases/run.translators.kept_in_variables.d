/* What a translator takes is kept in variables: its members are read when they are named. */

#pragma D option quiet

BEGIN
{
	self->mine = curthread->t_procp;
	this->psinfo = curpsinfo;
	info = curpsinfo;
	printf("%d %d %d\n", self->mine->p_pidp->pid_id == pid, this->psinfo->pr_pid == pid, info->pr_pid == pid);
	processor = curcpu; self->on = curcpu; last[1] = curcpu; this->on = self->on;
	printf("%d %d ", processor->cpu_id == curcpu->cpu_id, self->on->cpu_id == curcpu->cpu_id);
	printf("%d %d\n", last[1]->cpu_id == curcpu->cpu_id, this->on->cpu_info.pi_clock == curcpu->cpu_info.pi_clock);
	exit(0);
}
