/* The most that tracemem() records is a constant. */

BEGIN
{
	this->n = 3;
	tracemem(curthread, this->n); /* error: D_TRACEMEM_SIZE */
}
