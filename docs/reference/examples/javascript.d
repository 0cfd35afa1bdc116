/* run: -c "node --version" */
/* Refused, with the reason. */
javascript$target:::function-entry
{
        trace(copyinstr(arg0));
}
