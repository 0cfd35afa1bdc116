// needs: subprogram awaited absent
// layout?: OFF_exit_event__group_dead = offset "struct trace_event_raw_sched_process_exit" group_dead
/*
 * A process that ends before the reader has asked it for what records lack: what is in memory by then is sent after it.
 * That is possible since the tracepoint of its end comes before it gives its memory back, and tells the last of its
 * threads (Linux 6.16).
 */

/* The newest parts that records of a process lack, as they stand there: an address, and above it the size. */
#define DT_UNREAD 8
struct dt_unread { u64 count; u64 parts[DT_UNREAD]; };
BPF_TABLE("lru_hash", u32, struct dt_unread, unread, 256);
BPF_ARRAY(no_unread, struct dt_unread, 1);
#define DT_MAP_UNREAD 0x64746d61753c6a86ULL
#define DT_MAP_NO_UNREAD 0x64746d616a00aef4ULL
static long (*dt_update)(void *map, const void *key, const void *value, u64 flags) = (void *)2;

DT_SUBPROGRAM(dt_remember, part, b, c, d)
{
	u32 process = bpf_get_current_pid_tgid() >> 32, zero = 0;
	struct dt_unread *unread_ = dt_lookup(DT_MAP(DT_MAP_UNREAD), &process), *none;
	u64 place;

	if (!unread_) {
		none = dt_lookup(DT_MAP(DT_MAP_NO_UNREAD), &zero);
		if (!none)
			return 0;
		dt_update(DT_MAP(DT_MAP_UNREAD), &process, none, 1 /* BPF_NOEXIST */);
		unread_ = dt_lookup(DT_MAP(DT_MAP_UNREAD), &process);
	}
	if (!unread_)
		return 0;
	place = unread_->count;
	unread_->count = place + 1;
	DT_HIDE(place);
	unread_->parts[place & (DT_UNREAD - 1)] = part;
	return 0;
}

/* dtrans.artifact.ENDED_RECORD, and the bytes that are known behind it. */
struct dt_ended { u16 site; u16 cpu; u32 process; u64 started; u64 stack; u64 part; u64 known; char data[2 * 4096]; };
BPF_PERCPU_ARRAY(ended_records, struct dt_ended, 1);
static __always_inline void dt_process_ended(u64 is_last)
{
#ifdef OFF_exit_event__group_dead
	u32 process = bpf_get_current_pid_tgid() >> 32, zero = 0;
	struct dt_unread *unread_ = unread.lookup(&process);
	struct dt_ended *record = ended_records.lookup(&zero);
	struct dt_missing missing;
	u64 size, known, text;

	if (!(u8)is_last || !unread_ || !record)
		return;
	dt_missing_of(&missing);
	record->site = DT_ENDED_SITE;
	record->cpu = bpf_get_smp_processor_id();
	record->process = process;
	record->started = missing.started;
	record->stack = missing.stack;
	for (u64 i = 0; i < DT_UNREAD; i++) {
		DT_HIDE(i);
		if (i >= unread_->count)
			break;
		record->part = unread_->parts[i & (DT_UNREAD - 1)];
		size = record->part >> 48;
		size = size > 4095 ? 4095 : size;
		known = 0;
		text = dt_absent(record->part & (1ULL << 48) - 1, size, &known);
		DT_HIDE(known);
		known &= 4095;
		record->known = known;
		bpf_probe_read_kernel(record->data, known, (void *)text);
		dt_submit(record, __builtin_offsetof(struct dt_ended, data) + known, 1 /* BPF_RB_NO_WAKEUP */);
	}
	unread.delete(&process);
#endif
}
