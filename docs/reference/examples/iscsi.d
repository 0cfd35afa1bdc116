/* Linux has no such probe: the program is refused, with the reason. */
iscsi:::scsi-command
{
        trace(execname);
}
