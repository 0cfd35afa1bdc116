/* A type of Solaris' kernel that Linux has not; one of that name may be the program's own. */

typedef struct { int seen; } kmutex_t;

BEGIN
{
	trace(sizeof (kmutex_t)); this->own = (kmutex_t *)alloca(sizeof (kmutex_t)); trace(this->own->seen);
	trace(sizeof (kstat_t)); /* error: D_TYPE_ERR */
}
