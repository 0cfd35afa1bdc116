// needs: word kread walk
// steps: 6100
// layout: OFF_path__mnt = offset "struct path" mnt
// layout: OFF_path__dentry = offset "struct path" dentry
/*
 * The path of a struct path (as in struct file, f_path), across mounts up to the root of the mount namespace: the name
 * that a process outside of any chroot sees. False, with dst empty, if it has none (walk.h).
 */
static __always_inline bool dt_path(char *dst, u32 dcap, u64 path)
{
	u64 mount = dt_kread(path + OFF_path__mnt) - OFF_mount__mnt;

	return dt_walk(dst, dcap, dt_kread(path + OFF_path__dentry), mount, 1);
}
