// needs: subprogram word kread vma cached file
// layout: OFF_mm_struct__pgd = offset "struct mm_struct" pgd
// layout: OFF_file__f_mapping = offset "struct file" f_mapping
// layout: OFF_vm_area_struct__vm_flags = offset "struct vm_area_struct" vm_flags
// layout: OFF_vm_area_struct__vm_pgoff = offset "struct vm_area_struct" vm_pgoff
// layout: OFF_vm_area_struct__vm_file = offset "struct vm_area_struct" vm_file
// layout: OFF_vm_area_struct__vm_ops = offset "struct vm_area_struct" vm_ops
// layout: OFF_vm_area_struct__anon_vma = offset "struct vm_area_struct" anon_vma
/*
 * A process's memory that the process has not touched: a probe cannot wait for the page fault that would bring it in,
 * but what the process would find there is known. It is the file's page in the page cache, or zeros.
 *
 * The kernel sees all memory through its direct map. Where that begins, and the array of struct page, differs from boot
 * to boot. The runner finds out when the program starts (dtrans/run/kernel/pages.py) and tells it here; where it could not,
 * `base` is 0 and nothing is found.
 */
struct dt_pages {
	u64 base; /* where the direct map begins */
	u64 start; /* where the array of struct page would begin for the page frame 0 */
	u64 descriptor, frame, marks[2], first; /* what the runner asks with */
};
BPF_ARRAY(page_places, struct dt_pages, 1);
#define DT_PAGE 4096ULL
#define DT_ZEROS 1ULL

/*
 * Finds base and start: the page frame of the page that this process's descriptor has is known, and the marks that
 * stand in it. The direct map begins at a gigabyte's boundary below the memory of a task; 64 of them are tried, from the
 * one with number `first` on.
 */
static __always_inline void dt_find_pages(void)
{
	u32 zero = 0;
	struct dt_pages *pages = page_places.lookup(&zero);
	u64 task = bpf_get_current_task(), page, base, seen[2];

	if (!pages)
		return;
	page = DT_CALL(dt_cached, dt_kread(dt_file(task, pages->descriptor) + OFF_file__f_mapping), 0);
	if (!page)
		return;
	for (u64 i = 0; i < 64; i++) {
		DT_HIDE(i);
		base = (task >> 30) - pages->first - i << 30;
		seen[0] = seen[1] = 0;
		bpf_probe_read_kernel(seen, sizeof(seen), (void *)(base + pages->frame * DT_PAGE));
		if (seen[0] == pages->marks[0] && seen[1] == pages->marks[1]) {
			pages->start = page - pages->frame * SIZE_page;
			pages->base = base;
			break;
		}
	}
}

/* Whether the process has never had a page at an address: nothing stands in its page tables, not even where a page that
 * was written out has gone. Known only where this knows the form of the tables. */
DT_SUBPROGRAM(dt_untouched, mm, address, base, d)
{
#if defined(__x86_64__)
	u64 table = dt_kread(mm + OFF_mm_struct__pgd), entry;

	/* With five levels of tables, the direct map begins below what four could reach. */
	for (u64 shift = base >> 47 == 0x1ffff ? 39 : 48; shift > 11; shift -= 9) {
		DT_HIDE(shift);
		if (bpf_probe_read_kernel(&entry, sizeof(entry), (void *)(table + 8 * (address >> shift & 511))))
			return 0;
		if (!entry)
			return 1;
		if (!(entry & 1) || entry & 128)
			return 0;
		table = base + (entry & 0x000ffffffffff000ULL);
	}
#endif
	return 0;
}

/* What was read, and its address as a number: one that went through memory is no pointer to the verifier. What is kept
 * of the read at hand stands here too, and not on the stack, which is shared with all that call these functions: `turn`
 * tells whether another read has come between. */
struct dt_absent { u64 address, turn, from, size, place, known, mm, base, vma; char text[2 * 4096]; };
BPF_PERCPU_ARRAY(absent_memory, struct dt_absent, 1);
#define DT_MAP_PAGE_PLACES 0x64746d6191799a4bULL
#define DT_MAP_ABSENT_MEMORY 0x64746d617aff859cULL

/* Where the kernel sees the page of to->from, which is not there: its address, DT_ZEROS, or 0 when that is not known. */
static __always_inline u64 dt_absent_page(struct dt_pages *pages, volatile struct dt_absent *to)
{
	u64 flags, file, index, page;

	to->base = pages->base;
	to->vma = DT_CALL(dt_vma, to->mm, to->from);
	if (!to->base || !to->vma)
		return 0;
	/* Readable; not a device's memory, of huge pages, or filled by the process itself (include/linux/mm.h). */
	flags = dt_kread(to->vma + OFF_vm_area_struct__vm_flags);
	if ((flags & 0x10404601) != 1)
		return 0;
	/* Without an anon_vma, no page of a private mapping has ever been written. */
	flags &= 8;
	if (!flags && dt_kread(to->vma + OFF_vm_area_struct__anon_vma) && !DT_CALL(dt_untouched, to->mm, to->from, to->base))
		return 0;
	file = dt_kread(to->vma + OFF_vm_area_struct__vm_file);
	if (!file)
		return flags || dt_kread(to->vma + OFF_vm_area_struct__vm_ops) ? 0 : DT_ZEROS;
	index = dt_kread(to->vma + OFF_vm_area_struct__vm_pgoff);
	index += (to->from - dt_kread(to->vma + OFF_vm_area_struct__vm_start)) / DT_PAGE;
	page = DT_CALL(dt_cached, dt_kread(file + OFF_file__f_mapping), index);
	return page ? to->base + (page - pages->start) / SIZE_page * DT_PAGE : 0;
}

/* Reads `size` bytes to memory: how many of them are known. */
DT_SUBPROGRAM(dt_absent_read, from, size, c, d)
{
	u32 zero = 0;
	struct dt_pages *pages = dt_lookup(DT_MAP(DT_MAP_PAGE_PLACES), &zero);
	struct dt_absent *memory = dt_lookup(DT_MAP(DT_MAP_ABSENT_MEMORY), &zero);
	volatile struct dt_absent *to = memory;
	u64 count, place, page, turn;

	if (!pages || !memory)
		return 0;
	turn = to->turn + 1;
	to->turn = turn;
	to->mm = dt_kread(bpf_get_current_task() + OFF_task_struct__mm);
	if (!to->mm)
		return 0;
	to->from = from;
	to->size = size;
	to->known = to->place = 0;
	count = DT_PAGE - from % DT_PAGE;
	count = dt_pick(dt_less(size, count), size, count);
	/* The part on the first page, then the rest. */
	for (u64 i = 0; i < 2; i++) {
		DT_HIDE(i);
		DT_HIDE(count);
		count &= DT_PAGE - 1;
		place = to->place;
		place &= DT_PAGE - 1;
		if (bpf_probe_read_user(memory->text + place, count, (void *)to->from)) {
			page = dt_absent_page(pages, to);
			if (!page)
				break;
			/* From no page come zeros. */
			place = to->place;
			place &= DT_PAGE - 1;
			bpf_probe_read_kernel(memory->text + place, count, (void *)(page + to->from % DT_PAGE));
		}
		to->known += count;
		to->from += count;
		to->place = count;
		count = to->size - count;
	}
	return to->turn == turn ? to->known : 0;
}

/*
 * Reads `size` bytes (up to 4095, on two pages at most) at an address of the current process: where they stand now, 0
 * when that cannot be done. What stands there from *known on is not known.
 */
static __always_inline u64 dt_absent(u64 from, u64 size, u64 *known)
{
	u32 zero = 0;
	struct dt_absent *to = absent_memory.lookup(&zero);

	if (!to)
		return 0;
	*known = DT_CALL(dt_absent_read, from, size);
	*(volatile u64 *)&to->address = (u64)to->text;
	return *(volatile u64 *)&to->address;
}
