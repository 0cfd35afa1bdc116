/* No file is called ".". */
#pragma D option destructive

BEGIN
{
	freopen("."); /* error: D_FREOPEN_INVALID */
}
