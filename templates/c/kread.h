// needs:
/*
 * A pointer or long of the kernel at an address; 0 where there is none to read. Addresses are numbers, not pointers, so
 * that BCC's rewriter leaves them alone.
 */
static __always_inline u64 dt_kread(u64 address)
{
	u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), (void *)address);
	return value;
}
