/* A string is no pointer, and none is made of it by a cast: where a char * is wanted it is given as it is. */

BEGIN
{
	trace((char *)"x"); /* error: D_CAST_INVAL */
}
