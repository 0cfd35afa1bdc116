/* What is less stable than the option amin asks for is refused. */

#pragma D option amin=Evolving/Evolving/Common

dtrace:::BEGIN
{
	trace(pid);
	trace(curthread->pid); /* error: D_ATTR_MIN */
}
