/* run: -c "tclsh /dev/null" */
/* Refused, with the reason. */
tcl$target:::proc-entry
{
        trace(copyinstr(arg0));
}
