// needs: word kread
// layout: OFF_dentry__d_parent = offset "struct dentry" d_parent
// layout: OFF_dentry__d_name_len = offset "struct dentry" d_name.len
// layout: OFF_dentry__d_name_name = offset "struct dentry" d_name.name
// layout: OFF_mount__mnt_parent = offset "struct mount" mnt_parent
// layout: OFF_mount__mnt_mountpoint = offset "struct mount" mnt_mountpoint
// layout: OFF_mount__mnt = offset "struct mount" mnt
// layout: OFF_vfsmount__mnt_root = offset "struct vfsmount" mnt_root
/*
 * The body of dt_dentry_path, dt_path and dt_inode_path: dst = the path of a dentry, from the root of its file system
 * or, if `mounted` (a constant), of the topmost file system above `mount`, a struct mount; mount may still be 0. With
 * DT_WALK_MAYBE, one that does not hang on the mount's root has the path within its file system.
 *
 * The path is built from its end. One that is too long for dst, or deeper than DT_WALK_STEPS components and mounts, is
 * cut at a slash of its front and "..." put there. False, with dst empty, for a dentry that has no path: one that does
 * not hang on the mount's root, as those of pipes, sockets and anonymous inodes. dst needs room (README.md) of 256
 * bytes more than dcap.
 */
#define DT_WALK_STEPS 40
#define DT_WALK_MAYBE 2

static __always_inline bool dt_walk(char *dst, u32 dcap, u64 dentry, u64 mount, u32 mounted)
{
	u64 mask = DT_POW2(dcap) - 1, any = dt_kread(dentry + OFF_dentry__d_parent), at, parent, up, length, name;
	bool cut = true;

	at = dt_forget(dcap - 1, any) & mask;
	DT_WORD(dst, 0) = 0;
	dst[dcap - 1] = 0;
	for (u64 i = 0; i < DT_WALK_STEPS; i++) {
		DT_HIDE(i);
		if (mounted && dentry == dt_kread(mount + OFF_mount__mnt + OFF_vfsmount__mnt_root)) {
			up = dt_kread(mount + OFF_mount__mnt_parent);
			dentry = dt_kread(mount + OFF_mount__mnt_mountpoint);
			if (up == mount) {
				cut = false;
				break;
			}
			mount = up;
			continue;
		}
		parent = dt_kread(dentry + OFF_dentry__d_parent);
		if (dentry == parent) {
			if (mounted == 1 && mount)
				return false;
			cut = false;
			break;
		}
		length = (u32)dt_kread(dentry + OFF_dentry__d_name_len);
		name = dt_kread(dentry + OFF_dentry__d_name_name);
		if (dt_less(255, length) | dt_less(at, length + 4))
			break;
		length = dt_bound(length, 256);
		at = dt_bound(at - length - 1, dcap);
		dst[at] = '/';
		bpf_probe_read_kernel(dst + at + 1, length, (void *)name);
		dentry = parent;
	}
	at = dt_forget(at, any) & mask;
	if (cut) {
		at = dt_bound(at - 3, dcap);
		dst[at] = '.';
		dst[at + 1] = '.';
		dst[at + 2] = '.';
	} else if (at == dcap - 1) {
		DT_WORD(dst, 0) = '/';
		return true;
	}
	bpf_probe_read_kernel_str(dst, dcap, dst + at);
	return true;
}
