/*
 * Inlines of the original's D libraries that are more than a constant. Each is read only by a program that names it.
 */

/* FreeBSD's io.d: the names of what bio_cmd, bio_flags and device_type hold. */
inline string bio_cmd_string[int command] =
    command == BIO_READ ? "READ" :
    command == BIO_WRITE ? "WRITE" :
    command == BIO_DELETE ? "DELETE" :
    command == BIO_GETATTR ? "GETATTR" :
    command == BIO_FLUSH ? "FLUSH" :
    command == BIO_CMD0 ? "CMD0" :
    command == BIO_CMD1 ? "CMD1" :
    command == BIO_CMD2 ? "CMD2" :
    command == BIO_ZONE ? "ZONE" : strjoin("UNKNOWN(", strjoin(lltostr(command), ")"));

inline string bio_flag_string[int flag] =
    flag == BIO_ERROR ? "ERROR" :
    flag == BIO_DONE ? "DONE" :
    flag == BIO_ONQUEUE ? "ONQUEUE" :
    flag == BIO_ORDERED ? "ORDERED" :
    flag == BIO_UNMAPPED ? "UNMAPPED" :
    flag == BIO_TRANSIENT_MAPPING ? "TRANSIENT_MAPPING" :
    flag == BIO_VLIST ? "VLIST" : "";

/* Linux's requests go to disks alone, and do not say by which bus. */
inline string device_type[int kind] = (kind & DEVSTAT_TYPE_MASK) == DEVSTAT_TYPE_DIRECT ? "DIRECT" :
    strjoin("UNKNOWN(", strjoin(lltostr(kind & DEVSTAT_TYPE_MASK), ")"));

inline string device_if[int kind] = (kind & DEVSTAT_TYPE_IF_MASK) == 0 ? "ACCESS" :
    strjoin("UNKNOWN(", strjoin(lltostr(kind & DEVSTAT_TYPE_IF_MASK), ")"));

/* tcp.d: the name of a state (tcpsinfo_t and tcplsinfo_t, tcps_state). */
inline string tcp_state_string[int32_t state] =
    state == TCP_STATE_CLOSED ? "state-closed" :
    state == TCP_STATE_IDLE ? "state-idle" :
    state == TCP_STATE_BOUND ? "state-bound" :
    state == TCP_STATE_LISTEN ? "state-listen" :
    state == TCP_STATE_SYN_SENT ? "state-syn-sent" :
    state == TCP_STATE_SYN_RECEIVED ? "state-syn-received" :
    state == TCP_STATE_ESTABLISHED ? "state-established" :
    state == TCP_STATE_CLOSE_WAIT ? "state-close-wait" :
    state == TCP_STATE_FIN_WAIT_1 ? "state-fin-wait-1" :
    state == TCP_STATE_CLOSING ? "state-closing" :
    state == TCP_STATE_LAST_ACK ? "state-last-ack" :
    state == TCP_STATE_FIN_WAIT_2 ? "state-fin-wait-2" :
    state == TCP_STATE_TIME_WAIT ? "state-time-wait" : "<unknown>";

/* sched.d: the CPU at hand. */
inline psetid_t pset = curcpu->cpu_pset;
inline chipid_t chip = curcpu->cpu_chip;
inline lgrp_id_t lgrp = curcpu->cpu_lgrp;

/* errno.d of FreeBSD: what an error means, in the words of the C library. */
inline string strerror[int error] =
    error == 0 ? "Success" :
    error == 1 ? "Operation not permitted" :
    error == 2 ? "No such file or directory" :
    error == 3 ? "No such process" :
    error == 4 ? "Interrupted system call" :
    error == 5 ? "Input/output error" :
    error == 6 ? "No such device or address" :
    error == 7 ? "Argument list too long" :
    error == 8 ? "Exec format error" :
    error == 9 ? "Bad file descriptor" :
    error == 10 ? "No child processes" :
    error == 11 ? "Resource temporarily unavailable" :
    error == 12 ? "Cannot allocate memory" :
    error == 13 ? "Permission denied" :
    error == 14 ? "Bad address" :
    error == 15 ? "Block device required" :
    error == 16 ? "Device or resource busy" :
    error == 17 ? "File exists" :
    error == 18 ? "Invalid cross-device link" :
    error == 19 ? "No such device" :
    error == 20 ? "Not a directory" :
    error == 21 ? "Is a directory" :
    error == 22 ? "Invalid argument" :
    error == 23 ? "Too many open files in system" :
    error == 24 ? "Too many open files" :
    error == 25 ? "Inappropriate ioctl for device" :
    error == 26 ? "Text file busy" :
    error == 27 ? "File too large" :
    error == 28 ? "No space left on device" :
    error == 29 ? "Illegal seek" :
    error == 30 ? "Read-only file system" :
    error == 31 ? "Too many links" :
    error == 32 ? "Broken pipe" :
    error == 33 ? "Numerical argument out of domain" :
    error == 34 ? "Numerical result out of range" :
    error == 35 ? "Resource deadlock avoided" :
    error == 36 ? "File name too long" :
    error == 37 ? "No locks available" :
    error == 38 ? "Function not implemented" :
    error == 39 ? "Directory not empty" :
    error == 40 ? "Too many levels of symbolic links" :
    error == 42 ? "No message of desired type" :
    error == 43 ? "Identifier removed" :
    error == 44 ? "Channel number out of range" :
    error == 45 ? "Level 2 not synchronized" :
    error == 46 ? "Level 3 halted" :
    error == 47 ? "Level 3 reset" :
    error == 48 ? "Link number out of range" :
    error == 49 ? "Protocol driver not attached" :
    error == 50 ? "No CSI structure available" :
    error == 51 ? "Level 2 halted" :
    error == 52 ? "Invalid exchange" :
    error == 53 ? "Invalid request descriptor" :
    error == 54 ? "Exchange full" :
    error == 55 ? "No anode" :
    error == 56 ? "Invalid request code" :
    error == 57 ? "Invalid slot" :
    error == 59 ? "Bad font file format" :
    error == 60 ? "Device not a stream" :
    error == 61 ? "No data available" :
    error == 62 ? "Timer expired" :
    error == 63 ? "Out of streams resources" :
    error == 64 ? "Machine is not on the network" :
    error == 65 ? "Package not installed" :
    error == 66 ? "Object is remote" :
    error == 67 ? "Link has been severed" :
    error == 68 ? "Advertise error" :
    error == 69 ? "Srmount error" :
    error == 70 ? "Communication error on send" :
    error == 71 ? "Protocol error" :
    error == 72 ? "Multihop attempted" :
    error == 73 ? "RFS specific error" :
    error == 74 ? "Bad message" :
    error == 75 ? "Value too large for defined data type" :
    error == 76 ? "Name not unique on network" :
    error == 77 ? "File descriptor in bad state" :
    error == 78 ? "Remote address changed" :
    error == 79 ? "Can not access a needed shared library" :
    error == 80 ? "Accessing a corrupted shared library" :
    error == 81 ? ".lib section in a.out corrupted" :
    error == 82 ? "Attempting to link in too many shared libraries" :
    error == 83 ? "Cannot exec a shared library directly" :
    error == 84 ? "Invalid or incomplete multibyte or wide character" :
    error == 85 ? "Interrupted system call should be restarted" :
    error == 86 ? "Streams pipe error" :
    error == 87 ? "Too many users" :
    error == 88 ? "Socket operation on non-socket" :
    error == 89 ? "Destination address required" :
    error == 90 ? "Message too long" :
    error == 91 ? "Protocol wrong type for socket" :
    error == 92 ? "Protocol not available" :
    error == 93 ? "Protocol not supported" :
    error == 94 ? "Socket type not supported" :
    error == 95 ? "Operation not supported" :
    error == 96 ? "Protocol family not supported" :
    error == 97 ? "Address family not supported by protocol" :
    error == 98 ? "Address already in use" :
    error == 99 ? "Cannot assign requested address" :
    error == 100 ? "Network is down" :
    error == 101 ? "Network is unreachable" :
    error == 102 ? "Network dropped connection on reset" :
    error == 103 ? "Software caused connection abort" :
    error == 104 ? "Connection reset by peer" :
    error == 105 ? "No buffer space available" :
    error == 106 ? "Transport endpoint is already connected" :
    error == 107 ? "Transport endpoint is not connected" :
    error == 108 ? "Cannot send after transport endpoint shutdown" :
    error == 109 ? "Too many references: cannot splice" :
    error == 110 ? "Connection timed out" :
    error == 111 ? "Connection refused" :
    error == 112 ? "Host is down" :
    error == 113 ? "No route to host" :
    error == 114 ? "Operation already in progress" :
    error == 115 ? "Operation now in progress" :
    error == 116 ? "Stale file handle" :
    error == 117 ? "Structure needs cleaning" :
    error == 118 ? "Not a XENIX named type file" :
    error == 119 ? "No XENIX semaphores available" :
    error == 120 ? "Is a named type file" :
    error == 121 ? "Remote I/O error" :
    error == 122 ? "Disk quota exceeded" :
    error == 123 ? "No medium found" :
    error == 124 ? "Wrong medium type" :
    error == 125 ? "Operation canceled" :
    error == 126 ? "Required key not available" :
    error == 127 ? "Key has expired" :
    error == 128 ? "Key has been revoked" :
    error == 129 ? "Key was rejected by service" :
    error == 130 ? "Owner died" :
    error == 131 ? "State not recoverable" :
    error == 132 ? "Operation not possible due to RF-kill" :
    strjoin("Unknown error ", lltostr(error));

/* signal.d of FreeBSD: what has become of a child, in the words of the C library. */
inline string child_signal_string[int code] =
    code == CLD_EXITED ? "Child has exited" :
    code == CLD_KILLED ? "Child has terminated abnormally and did not create a core file" :
    code == CLD_DUMPED ? "Child has terminated abnormally and created a core file" :
    code == CLD_TRAPPED ? "Traced child has trapped" :
    code == CLD_STOPPED ? "Child has stopped" :
    code == CLD_CONTINUED ? "Stopped child has continued" :
    strjoin("Unknown code ", lltostr(code));

/* signal.d of FreeBSD: the name of a signal. */
inline string signal_string[int number] =
    number == 1 ? "SIGHUP" :
    number == 2 ? "SIGINT" :
    number == 3 ? "SIGQUIT" :
    number == 4 ? "SIGILL" :
    number == 5 ? "SIGTRAP" :
    number == 6 ? "SIGABRT" :
    number == 7 ? "SIGBUS" :
    number == 8 ? "SIGFPE" :
    number == 9 ? "SIGKILL" :
    number == 10 ? "SIGUSR1" :
    number == 11 ? "SIGSEGV" :
    number == 12 ? "SIGUSR2" :
    number == 13 ? "SIGPIPE" :
    number == 14 ? "SIGALRM" :
    number == 15 ? "SIGTERM" :
    number == 16 ? "SIGSTKFLT" :
    number == 17 ? "SIGCHLD" :
    number == 18 ? "SIGCONT" :
    number == 19 ? "SIGSTOP" :
    number == 20 ? "SIGTSTP" :
    number == 21 ? "SIGTTIN" :
    number == 22 ? "SIGTTOU" :
    number == 23 ? "SIGURG" :
    number == 24 ? "SIGXCPU" :
    number == 25 ? "SIGXFSZ" :
    number == 26 ? "SIGVTALRM" :
    number == 27 ? "SIGPROF" :
    number == 28 ? "SIGWINCH" :
    number == 29 ? "SIGIO" :
    number == 30 ? "SIGPWR" :
    number == 31 ? "SIGSYS" :
    strjoin("SIG", lltostr(number));
