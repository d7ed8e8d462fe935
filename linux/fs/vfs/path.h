/* SPDX-License-Identifier: MIT */
/* Paths: taken apart, followed through the tree, made at boot, and put together from their end. */
#pragma once

#include "abi/limits.h"
#include "linux/fs/vfs/mount.h"

enum path_kind {
	PATH_ROOT,   /* only slashes were left */
	PATH_DOT,    /* "." */
	PATH_DOTDOT, /* ".." */
	PATH_NAME,
};

struct path_part {
	const char *name; /* points into the path; not terminated */
	size_t len;
	enum path_kind kind;
	bool slash; /* at least one slash follows */
};

/* Takes the first component off a path into *part. Returns the rest, without leading slashes. */
const char *path_part_next(const char *path, struct path_part *part);

/*
 * A walk along a path. path_parent() starts it and walks to the last component, and path_end() always ends it. In between,
 * path_follow() looks the last component up, through symbolic links.
 */
struct path_walk {
	struct inode *dir; /* the directory to look `last` up in, as by path_get() */
	struct path_part last;
	bool must_be_dir; /* a slash followed the last component */
	bool jumped;	  /* path_follow() took the last component's link straight to its inode */
	bool rooted; /* private: it began at the root, or a link led there, or it has met ".." */
	bool asked;  /* path_follow() has asked a server for the inode's attributes */
	/* private: */
	struct inode *root;    /* of the running process */
	struct inode *held;    /* `root`, if this walk has a path_get() of it; or NULL */
	struct mount *writing; /* by path_begin_write() */
	unsigned resolve;      /* RESOLVE_* of openat2 */
	uint64_t renames;      /* path_renames_ended when it began, if ".." must not lead out */
	const char *rest;      /* the string after `last` */
	/*
	 * A link's target, which `rest` points into; kmalloc(). NULL: it is in the caller's string.
	 */
	char *text;
	unsigned nlinks;
	unsigned depth;
	struct {
		const char *rest;
		char *text;
	} outer[ABI_SYMLINK_MAX]; /* where to go on when `rest` is used up */
};

/*
 * Returns where relative paths start: the tree's root for NULL; NULL for a file without an inode, which
 * the walk refuses with -ENOTDIR.
 */
struct inode *path_start(struct file *dir);

/*
 * Starts a walk and goes to the last component. `start` need not be a directory: that is checked here. No reference to it is
 * taken over. An absolute path starts at the root instead, which is the running process's. `path` is not empty. Sets
 * walk->dir, last and must_be_dir. Returns 0, -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG, or an error of a file system's lookup
 * or readlink. The caller calls path_end() in any case.
 */
int path_parent(struct path_walk *walk, struct inode *start, const char *path);
/*
 * path_parent() with RESOLVE_*, as openat2 has them. Returns also -EXDEV and -ELOOP for what these forbid, and -EAGAIN if a
 * rename could have led ".." out of the start, or RESOLVE_CACHED would have to ask a server.
 */
int path_parent_resolve(struct path_walk *walk, struct inode *start, const char *path,
			unsigned resolve);
void path_end(struct path_walk *walk);

/* A rename begins or ends: a walk that must not leave its start gives up if one came in between. */
void path_rename_begins(void);
void path_rename_ended(void);

/*
 * Looks up the last component, and follows it if it is a symbolic link and `follow` is set or a slash follows the link's
 * name: then walk->dir and last are those of the target. Returns 0 and the inode in *inode_ret, as by path_get(), or NULL
 * there if walk->dir has no such name. For a directory that something is mounted on, it returns the root of what is mounted;
 * but "." is walk->dir itself, which may have been covered since then. May be called again if a name was made meanwhile.
 * Returns a negative errno as path_parent() does; -EISDIR if a file is to be created (`creates`) and a slash follows its name.
 */
int path_follow(struct path_walk *walk, bool follow, bool creates, struct inode **inode_ret);

/*
 * Looks a name up in a directory, not "." or "..", and goes to the root of what is mounted there.
 * Returns 0 and the inode, as by path_get(), -ENOENT, -ENAMETOOLONG, or an error of the file
 * system. No link is followed.
 */
int path_find(struct inode *dir, const char *name, size_t len, struct inode **inode_ret);

/* A whole walk: returns 0 and the inode that path names, as by path_get(), or a negative errno. */
int path_lookup(struct inode *start, const char *path, bool follow, struct inode **inode_ret);

/* path_lookup() that also says whether a server was asked for the attributes: path_walk.asked. */
int path_lookup_asked(struct inode *start, const char *path, bool follow, struct inode **inode_ret,
		      bool *asked_ret);

/*
 * The walk's last name is to be created, removed or renamed: its mount is not made read-only until
 * path_end_write() or path_end(). Returns 0 or -EROFS. It is called once for a walk, or again after
 * path_end_write().
 */
int path_begin_write(struct path_walk *walk);
void path_end_write(struct path_walk *walk);

/*
 * Creates the walk's last name, which is a name and not there: an empty regular file or directory,
 * as mode says. Returns 0 and the inode, as by path_get(), -EEXIST if another thread was faster, or
 * another error. The caller has called path_begin_write() and may_create() (linux/fs/vfs/permission.h).
 */
int path_create(struct path_walk *walk, unsigned mode, struct inode **inode_ret);

/*
 * Gives the inode the name `path`, which starts at the directory `root`; symbolic links are not
 * followed. Missing directories are created with mode 0755. With `replace`, whatever has the name
 * is unlinked first, unless it is a directory. Returns 0, -EEXIST, -ENOTDIR, -EISDIR,
 * -ENAMETOOLONG, -ENOSPC, -ENOMEM, or -EINVAL if the last component is missing or any component is
 * "..", or the last one is ".".
 */
int make_path(struct inode *root, const char *path, struct inode *inode, bool replace);

/*
 * Returns the directory at `path` in *dir_ret, referenced, after creating whatever is missing. An
 * empty path is `root`. Returns 0 or a negative errno, as make_path() does.
 */
int make_directories(struct inode *root, const char *path, struct inode **dir_ret);

/*
 * Writes the absolute path of an inode, by one of its names, into buf, terminated. It begins at the
 * running process's root. Returns its length with the NUL, -ENOENT if it has no name any more, or
 * -ERANGE if the path does not fit. As on Linux, the path begins with "(unreachable)" if the inode
 * is not below that root, or its file system is not in the tree any more. The inode is of a mount
 * (no memfd).
 */
ssize_t inode_path(struct inode *inode, char *buf, size_t size);

/*
 * inode_path() for what only names a file, as the links of /proc do: what is not below the process's
 * root has its path from the root of the tree, or of its file system.
 */
ssize_t inode_path_anyway(struct inode *inode, char *buf, size_t size);

/* A path that is written from its end. */
struct path_text {
	char *buf;
	size_t at;		  /* where the path so far begins; no terminator follows its end */
	const struct inode *root; /* the path ends here, if it comes by it */
	bool reached;		  /* it has */
};

/* For slots of struct inode_ops: has the path arrived at its root with this inode? */
static inline bool path_reached(struct path_text *text, const struct inode *inode)
{
	text->reached = inode == text->root;
	return text->reached;
}

/* For slots of struct inode_ops: puts a slash and a name before the path. Returns 0, or -ERANGE if there is no room. */
int path_prepend(struct path_text *text, const char *name, size_t len);

/*
 * Writes the name of a file into buf, terminated, and cut off if it does not fit: its absolute path,
 * or "(deleted)", alone or after what is known of its name, if no directory has it any more. NULL:
 * an inode that is gone. Returns the length of what was written. The caller has a path_get() of the
 * inode, and holds no spinning lock.
 */
size_t inode_name(struct inode *inode, char *buf, size_t size);
