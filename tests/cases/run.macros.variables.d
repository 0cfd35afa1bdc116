/* The macro variables, as numbers and as text. */

#pragma D option quiet

BEGIN
{
	printf("%d %d %d %d %d %d %d %d %d\n", $uid, $euid, $gid, $egid, $ppid, $pgid, $sid, $projid, $taskid);
	printf("%s %d %d %s\n", $$uid, $pid == pid, $$pid == lltostr(pid), $$target);
	printf("%d %s\n", $target, $$0);
	exit(0);
}
