// needs: word kread walk inode_path
// steps: 8000
// layout: OFF_path__mnt = offset "struct path" mnt
// layout: OFF_path__dentry = offset "struct path" dentry
/*
 * The path of what an address stands for by its low bits: 0 a struct path, as dt_path gives it; 1 the root of a struct
 * vfsmount; 2 a struct inode, as dt_inode_path gives it. False, with dst empty, if it has none (walk.h).
 */
static __always_inline bool dt_any_path(char *dst, u32 dcap, u64 place)
{
	u64 kind = place & 3, mount, dentry;

	place -= kind;
	if (kind == 2) {
		dentry = dt_kread(place + OFF_inode__i_dentry);
		DT_WORD(dst, 0) = 0;
		if (!dentry)
			return false;
		dentry -= OFF_dentry__d_alias;
		mount = dt_inode_mount(dt_kread(place + OFF_inode__i_sb));
	} else {
		mount = (kind ? place : dt_kread(place + OFF_path__mnt)) - OFF_mount__mnt;
		dentry = dt_kread(kind ? place + OFF_vfsmount__mnt_root : place + OFF_path__dentry);
	}
	return dt_walk(dst, dcap, dentry, mount, kind == 2 ? DT_WALK_MAYBE : 1);
}
