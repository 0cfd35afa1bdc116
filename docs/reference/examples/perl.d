/* run: -c "perl -e 1" */
/* Refused, with the reason. */
perl$target:::sub-entry
{
        trace(copyinstr(arg0));
}
