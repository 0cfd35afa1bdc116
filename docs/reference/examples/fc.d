/* Linux has no such probe: the program is refused, with the reason. */
fc:::scsi-command
{
        trace(execname);
}
