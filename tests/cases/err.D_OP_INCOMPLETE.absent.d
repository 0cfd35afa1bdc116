/* A structure of Solaris' kernel that Linux has not; a program may declare its own. */

struct kstat_named { char name[31]; };

BEGIN
{
	trace(((struct kstat_named *)alloca(64))->name);
	trace(((struct scsi_pkt *)arg0)->pkt_reason); /* error: D_OP_INCOMPLETE */
}
