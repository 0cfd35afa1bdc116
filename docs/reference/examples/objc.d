/* run: -c "sleep 1" */
/* Refused, with the reason. */
objc$target:::entry
{
        trace(execname);
}
