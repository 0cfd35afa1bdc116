/* Linux' limits. */
#ifndef _SYS_PARAM_H
#define _SYS_PARAM_H
#define MAXPATHLEN 4096
#define NBBY 8
#define DEV_BSIZE 512
#define DEV_BSHIFT 9
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#endif
