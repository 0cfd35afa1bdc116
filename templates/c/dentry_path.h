// needs: word kread walk
// steps: 2400
/*
 * The path of a dentry within its file system. See walk.h for what is cut.
 */
static __always_inline void dt_dentry_path(char *dst, u32 dcap, u64 dentry)
{
	dt_walk(dst, dcap, dentry, 0, 0);
}
