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
