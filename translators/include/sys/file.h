/* How a file is open. The first two agree with Linux' FMODE_READ and FMODE_WRITE. */
#ifndef _SYS_FILE_H
#define _SYS_FILE_H
#define FREAD 0x01
#define FWRITE 0x02
#define FNDELAY 0x04
#define FAPPEND 0x08
#define FSYNC 0x10
#define FDSYNC 0x40
#define FNONBLOCK 0x80
#define FCREAT 0x0100
#define FTRUNC 0x0200
#define FEXCL 0x0400
#define FNOCTTY 0x0800
#endif
