// needs: word kread walk
// steps: 6200
// layout: OFF_inode__i_dentry = offset "struct inode" i_dentry
// layout: OFF_inode__i_sb = offset "struct inode" i_sb
// layout?: OFF_dentry__d_alias = offset "struct dentry" d_alias
// layout?: OFF_dentry__d_u__d_alias = offset "struct dentry" d_u.d_alias
// layout: OFF_super_block__s_mounts = offset "struct super_block" s_mounts
// layout?: OFF_mount__mnt_next_for_sb = offset "struct mount" mnt_next_for_sb
// layout?: OFF_mount__mnt_instance = offset "struct mount" mnt_instance
/*
 * A path of an inode: by the first of its names that the kernel knows now, below the first place where its file system
 * is mounted whole; if there is none such among the first DT_INODE_MOUNTS, or another part of it is mounted there,
 * within its file system. False, with dst empty, if the kernel knows no name.
 *
 * What is mounted whole has a root without a parent. That is not always s_root: one superblock serves all mounts from
 * an NFS server, each with such a root of its own.
 *
 * s_mounts is a plain list of mounts since Linux 6.18; before, it was a list_head in struct mount. The union d_u has no
 * name on Linux 7.
 */
#define DT_INODE_MOUNTS 8
#ifndef OFF_dentry__d_alias
#define OFF_dentry__d_alias OFF_dentry__d_u__d_alias
#endif

static __always_inline u64 dt_inode_mount(u64 sb)
{
	u64 mount = dt_kread(sb + OFF_super_block__s_mounts), root;

#ifndef OFF_mount__mnt_next_for_sb
	mount -= OFF_mount__mnt_instance;
#endif
	for (u64 i = 0; i < DT_INODE_MOUNTS; i++) {
		DT_HIDE(i);
#ifdef OFF_mount__mnt_next_for_sb
		if (!mount)
			break;
#else
		if (mount + OFF_mount__mnt_instance == sb + OFF_super_block__s_mounts)
			break;
#endif
		root = dt_kread(mount + OFF_mount__mnt + OFF_vfsmount__mnt_root);
		if (dt_kread(root + OFF_dentry__d_parent) == root)
			return mount;
#ifdef OFF_mount__mnt_next_for_sb
		mount = dt_kread(mount + OFF_mount__mnt_next_for_sb);
#else
		mount = dt_kread(mount + OFF_mount__mnt_instance) - OFF_mount__mnt_instance;
#endif
	}
	return 0;
}

static __always_inline bool dt_inode_path(char *dst, u32 dcap, u64 inode)
{
	u64 name = dt_kread(inode + OFF_inode__i_dentry);

	DT_WORD(dst, 0) = 0;
	if (!name)
		return false;
	return dt_walk(dst, dcap, name - OFF_dentry__d_alias, dt_inode_mount(dt_kread(inode + OFF_inode__i_sb)), DT_WALK_MAYBE);
}
