/* Linux has no such probe: the program is refused, with the reason. */
srp:::scsi-command
{
        trace(execname);
}
