/* SPDX-License-Identifier: MIT */
/* Inodes: the files that directory entries and open files refer to, and what file systems do with them. */
#pragma once

#include "abi/limits.h"
#include "abi/stat.h"
#include "base/hart.h"
#include "desc/file.h"
#include "lib/refcount.h"

struct dir_item;
struct inode;
struct mount;
struct object;
struct path_part;
struct path_text;
struct pipe;

/* What setattr changes. */
#define ATTR_MODE	 0x01u
#define ATTR_UID	 0x02u
#define ATTR_GID	 0x04u
#define ATTR_ATIME	 0x08u
#define ATTR_MTIME	 0x10u
/* With a change of owner: a file loses its set-ID bits, as on Linux; a directory keeps them. */
#define ATTR_DROP_SET_ID 0x20u
/*
 * Only for fs_set_attr(): a time is none. The call is refused, but only after the path was
 * followed.
 */
#define ATTR_WRONG_TIME	 0x40u
/* The inode is that of an open file, and was not looked up just now. */
#define ATTR_OF_FILE	 0x80u
/* The times are to be now: who may write to the file may do that, too. */
#define ATTR_TOUCH	 0x100u

/* Beyond so many tries the server lies, or the name changes all the time: the file is never twice in the same place. */
#define INODE_STALE_TRIES 8u

/* For `place` of struct inode_ops: a name of an inode, for those who watch the directory. */
struct inode_place {
	struct inode *dir; /* referenced */
	bool removed;	   /* the inode's last name was removed */
	uint32_t len;
	char text[NAME_MAX]; /* not terminated */
};

/* What a rename did. All zeros: nothing. */
struct inode_moves {
	uint32_t type;	     /* S_IF* of what has the new name; 0: nothing was moved */
	uint32_t other_type; /* of what has the old name, by RENAME_EXCHANGE; or 0 */
	struct inode *moved; /* the first; referenced; NULL: it is not in use */
	struct inode *other; /* the second, or what the first has replaced; the same */
};

struct inode_attr {
	unsigned valid; /* ATTR_* */
	uint32_t mode;	/* permissions */
	uint32_t uid, gid;
	uint64_t atime, mtime; /* nanoseconds since 1970 */
};

/*
 * What a file system does with its inodes. All slots may sleep: the caller holds no spinning lock.
 * Those that return int return 0 or a negative errno; a call whose slot is NULL fails with the
 * errno in brackets. A name is `len` bytes, 1 to NAME_MAX, not terminated, without a slash, and
 * neither "." nor "..". `dir` is a directory. An inode that is returned is referenced.
 */
struct inode_ops {
	/* -ENOENT: dir has no such name. Every directory has this slot. */
	int (*lookup)(struct inode *dir, const char *name, size_t len, struct inode **inode_ret);
	/* Creates an empty regular file or directory; mode has the type and the permissions. */
	int (*create)(struct inode *dir, const char *name, size_t len, unsigned mode,
		      struct inode **inode_ret); /* [EPERM] */
	/* Creates a regular file without a name. `linkable`: link may give it one. */
	int (*tmpfile)(struct inode *dir, unsigned mode, bool linkable,
		       struct inode **inode_ret); /* [EOPNOTSUPP] */
	/* Creates a named pipe, a socket, or a device that special_find() knows. */
	int (*mknod)(struct inode *dir, const char *name, size_t len, unsigned mode,
		     uint64_t rdev); /* [EPERM] */
	/* Creates a name of a send end (linux/fs/dev/served.h), and takes a reference to that. */
	int (*serve)(struct inode *dir, const char *name, size_t len, unsigned mode,
		     struct file *send); /* [EPERM] */
	int (*symlink)(struct inode *dir, const char *name, size_t len, const char *target,
		       size_t target_len); /* [EPERM] */
	/* Gives the inode, which is of the same mount and no directory, another name. */
	int (*link)(struct inode *dir, const char *name, size_t len,
		    struct inode *inode); /* [EPERM] */
	/*
	 * Removes a name: of an empty directory if `directory` is set, else of anything else. *gone_ret, if it is done: what
	 * had the name, referenced, or NULL if it is not in use.
	 */
	int (*remove)(struct inode *dir, const char *name, size_t len, bool directory,
		      struct inode **gone_ret); /* [EPERM] */
	/*
	 * Finds the entry at position `pos`, or the first one after it; pos is at least
	 * DIR_FIRST_POS, and entries that stay keep their positions. Returns 0, -ENODATA if there
	 * is none, or -ENOENT if dir has been removed.
	 */
	int (*readdir)(struct inode *dir, uint64_t pos, struct dir_item *item);
	/*
	 * Gives what has the old name the new one. What has the new name already goes, or, with
	 * RENAME_EXCHANGE in flags, gets the old one; with RENAME_NOREPLACE it is refused. A slash
	 * after a part asks for a directory. The errors and their order are those of Linux. The
	 * caller holds the mount's rename_lock, and both directories are of that mount. *moves is all zeros before; the
	 * caller drops its references.
	 */
	int (*rename)(struct inode *old_dir, const struct path_part *old, struct inode *new_dir,
		      const struct path_part *new, unsigned flags,
		      struct inode_moves *moves); /* [EPERM] */
	/* Returns the parent; of the root of the file system, the root. */
	struct inode *(*parent)(struct inode *dir);
	/*
	 * Puts the path of the inode, by one of its names, before the path so far: "/a/b" from the
	 * root of the file system, or from text->root if that comes first, and nothing for these
	 * themselves. Returns 0, -ERANGE if it does not fit, or -ENOENT if the inode has no name any
	 * more. linux/fs/vfs/path.h has the functions for it.
	 */
	int (*path)(struct inode *inode, struct path_text *text);
	/*
	 * Finds a directory that the inode is in, if it is watched for one of `events`, and the inode's name there: that of
	 * `name_id`, if this is not 0. Returns whether there is one, and sets place->removed in any case. NULL: a watch of a
	 * directory gets no events of the use of the files in it.
	 */
	bool (*place)(struct inode *inode, uint32_t name_id, uint32_t events,
		      struct inode_place *place);
	/* Returns a number of the name, which it keeps when it moves; or 0. NULL: there are no numbers. */
	uint32_t (*name_id)(struct inode *dir, const char *name, size_t len);
	/* Of inodes on no mount: writes what /proc shows in place of a path, terminated. Returns its length. */
	size_t (*label)(struct inode *inode, char *buf, size_t size);
	/*
	 * Symbolic links: writes the target, terminated, into buf, which has PATH_MAX bytes. Returns
	 * its length or a negative errno.
	 */
	ssize_t (*readlink)(struct inode *link, char *buf);
	/*
	 * Links that lead to a file itself and not to what their text names: returns 0 and that
	 * file's inode, as by path_get(). NULL: walks go on with the text.
	 */
	int (*follow)(struct inode *link, struct inode **inode_ret);
	uint32_t magic; /* of inodes on no mount: f_type of statfs */
	bool shortcut;	/* the text of such a link leads to the same file */
	/*
	 * May the running thread do that (MAY_*), which the mode does not permit? Takes no spinning lock. NULL: it may not.
	 */
	bool (*permits)(const struct inode *inode, unsigned mask);
	int (*getattr)(struct inode *inode, struct abi_stat *st);
	/* getattr() of what is known, without asking. Called only if lookup has set inode->asked in this very call. */
	int (*getattr_asked)(struct inode *inode, struct abi_stat *st);
	int (*setattr)(struct inode *inode, const struct inode_attr *attr); /* [EPERM] */
	/*
	 * Extended attributes of files and directories, as in linux/fs/vfs/xattr.h; the names begin with "user.".
	 * All four or none. They are on no mount, or one that may be written to.
	 */
	ssize_t (*get_xattr)(struct inode *inode, const char *name, vaddr_t to,
			     size_t size);				     /* [EOPNOTSUPP] */
	ssize_t (*list_xattr)(struct inode *inode, vaddr_t to, size_t size); /* [none] */
	int (*set_xattr)(struct inode *inode, const char *name, const void *value, size_t size,
			 unsigned flags);			    /* [EOPNOTSUPP] */
	int (*remove_xattr)(struct inode *inode, const char *name); /* [EOPNOTSUPP] */
	/*
	 * Called before the contents are used, by open (not with O_PATH) and exec; `flags` has the
	 * access mode. -ESTALE: the name that led to the inode is another file's by now; the path is
	 * followed again, INODE_STALE_TRIES times in all. NULL: there is nothing to do.
	 */
	int (*open)(struct inode *inode, unsigned flags);
	/* Undoes that when the use ends; an open file's `release` does so itself. */
	void (*close)(struct inode *inode);
	/*
	 * A writer has gone that has no file open for writing: a truncation, or the creation of a file
	 * that is opened for reading, or not at all. Called after object_put_write(). NULL: there is
	 * nothing to do.
	 */
	void (*end_write)(struct inode *inode);
	/* Regular files: sets the size. The caller has write access (object_get_write()). */
	int (*resize)(struct inode *inode, uint64_t size); /* [EINVAL] */
	/*
	 * Frees the inode: its last reference is gone. Returns another inode, whose reference goes
	 * with it, or NULL. So the end of a long chain of inodes is a loop and not a recursion.
	 */
	struct inode *(*free)(struct inode *inode);
	/*
	 * For the ledger: calls counted_found() for each reference that the inode has, but for that
	 * to a regular file's object. NULL: there are no others. Called with no other thread running.
	 */
	void (*holds)(struct inode *inode);
	/* Each look-up makes an inode, so nothing can be mounted on one: another would not be covered. */
	bool fleeting;
	/* Only the kernel makes names in the directory: `create` and its kin always refuse. */
	bool fixed_names;
	/* Not even root may do what the mode does not permit. */
	bool mode_binds;
	/* An inode that has a name is not freed. */
	bool names_hold;
};

struct inode {
	struct refcount refs;
	uint32_t mode; /* the type is const; permissions: atomic */
	/* const: */
	uint64_t ino;
	const struct inode_ops *ops;
	const struct file_ops *file_ops; /* for files opened through it */
	/* NULL: a memfd, which is in no file system. */
	struct mount *mount;
	union {
		struct object *object; /* regular file: its bytes; referenced. NULL: no pages */
		void *device;	       /* device: the driver's */
		/* named pipe: NULL while it is not open; guarded by fifos_lock of linux/fs/file/fifo.c */
		struct pipe *fifo;
	};
	uint32_t rdev; /* const: device number of a device file */
	/*
	 * Atomic: what its watches ask for, of all together; 0: it has none. It changes under notify_lock, with the watches, which
	 * linux/fs/notify/notify.c finds by the inode.
	 */
	uint32_t watch_mask;
	/* The directory's cover: a mount, or NULL. Changes under mounts_lock; atomic. */
	struct mount *cover;
	uint32_t nlink; /* guarded by a lock of the file system */
	/* Atomic. Where a program may own files, they and the mode change under a lock, under which may_set_attr() is asked. */
	uint32_t uid, gid;
	/*
	 * Atomic. The lookup that returns the inode has just asked a server for its attributes; any
	 * other clears this. path_last() takes it.
	 */
	uint32_t asked;
	/* Nanoseconds since 1970; atomic, no lock */
	uint64_t atime, mtime, ctime;
	struct counted counted;
};

extern struct counted_kind inode_kind;

/* For the ledger: a holder of a reference to the inode; NULL is allowed. */
static inline void inode_found(struct inode *inode)
{
	if (inode)
		counted_found(&inode->counted);
}

/*
 * Fills a new inode in: one reference, nlink 0, the times of now. `mode` has the type and the
 * permissions. The pointer of its type is NULL.
 */
void inode_init(struct inode *inode, struct mount *mount, uint64_t ino, uint32_t mode,
		const struct inode_ops *ops, const struct file_ops *file_ops);

/* References for file systems; others use path_get() and path_put() of linux/fs/vfs/mount.h. */
static inline void inode_get(struct inode *inode)
{
	refcount_get(&inode->refs);
}

/*
 * Drops a reference. The last one frees the inode and drops its references to others. NULL is
 * allowed. The caller holds no spinning lock.
 */
void inode_put(struct inode *inode);

/* inode_init() is undone: the caller frees the memory of an inode that no other thread has seen. */
static inline void inode_discard(struct inode *inode)
{
	counted_end(&inode->counted);
	hart_count_event(HART_INODES_FREED);
}

/* Frees an inode whose last reference the caller has dropped, as inode_put() does. */
void inode_free(struct inode *inode);

/* For getattr slots: fills in what the inode itself has. st_size and st_blocks are 0. */
void inode_fill_stat(struct inode *inode, struct abi_stat *st);
/* For setattr slots: sets all that is asked for. */
void inode_set_attr(struct inode *inode, const struct inode_attr *attr);

/*
 * Update the time stamps after a read, after a write, or after a metadata change. A read counts if
 * it is the first after a change, as with Linux's relatime; there, one in a day counts too.
 */
void inode_read_now(struct inode *inode);
void inode_changed_now(struct inode *inode);
void inode_meta_now(struct inode *inode);

/* Such a file may be written to even where the mount is read-only. */
static inline bool inode_is_special(const struct inode *inode)
{
	return !S_ISREG(inode->mode) && !S_ISDIR(inode->mode) && !S_ISLNK(inode->mode);
}

static inline struct inode *file_inode(struct file *file)
{
	return file->node;
}

/* Of a device's file. */
static inline void *device_of(struct file *file)
{
	return file_inode(file)->device;
}

/* Slots for the file_ops of kinds of files that have an inode. */
int inode_file_stat(struct file *file, struct abi_stat *st);
void inode_file_release(struct file *file);
/* For files that are made when they are read: a truncation changes nothing. */
int inode_file_truncate_nothing(struct file *file, uint64_t size);

/* For files opened by O_PATH: they refer to an inode but give no access to its contents. */
extern const struct file_ops path_file_ops;
