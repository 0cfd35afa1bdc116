/* run: -q -c "tclsh docs/reference/examples/tcl.tcl" */
/* The procedures that a Tcl program calls, and with how many arguments. */
tcl$target:::proc-entry
/copyinstr(arg0) == "area" || copyinstr(arg0) == "room"/
{
        @[copyinstr(arg0), arg1] = count();
}

END
{
        printa("%-8s %d arguments %@5d calls\n", @);
}
