/* run: -c "node --version" */
/* Refused, with the reason. */
node$target:::http-server-request
{
        trace(copyinstr(arg0));
}
