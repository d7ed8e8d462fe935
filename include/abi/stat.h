/* SPDX-License-Identifier: MIT */
/* Modes of files and the structs of fstat and statfs (riscv64: asm-generic). */
#pragma once

#include <stdint.h>

#define S_IFMT	0170000
#define S_IFREG 0100000
#define S_IFCHR 0020000
#define S_IFIFO 0010000

#define S_ISREG(mode) (((mode)&S_IFMT) == S_IFREG)

struct abi_stat {
	uint64_t dev;
	uint64_t ino;
	uint32_t mode;
	uint32_t nlink;
	uint32_t uid;
	uint32_t gid;
	uint64_t rdev;
	uint64_t pad1;
	int64_t size;
	int32_t blksize;
	int32_t pad2;
	/* in units of 512 bytes */
	int64_t blocks;
	int64_t atime;
	uint64_t atime_nsec;
	int64_t mtime;
	uint64_t mtime_nsec;
	int64_t ctime;
	uint64_t ctime_nsec;
	uint32_t unused[2];
};

_Static_assert(sizeof(struct abi_stat) == 128, "as in the ABI");

/* The Linux layer's: kinds of files that the core has none of, and other structs. */

#define S_IFSOCK  0140000
#define S_IFLNK	  0120000
#define S_IFBLK	  0060000
#define S_IFDIR	  0040000
#define S_ISUID	  0004000
#define S_ISGID	  0002000
#define S_ISVTX	  0001000
/* All permission bits, including those three. */
#define S_IALLUGO 0007777

#define S_ISDIR(mode)  (((mode)&S_IFMT) == S_IFDIR)
#define S_ISCHR(mode)  (((mode)&S_IFMT) == S_IFCHR)
#define S_ISBLK(mode)  (((mode)&S_IFMT) == S_IFBLK)
#define S_ISFIFO(mode) (((mode)&S_IFMT) == S_IFIFO)
#define S_ISLNK(mode)  (((mode)&S_IFMT) == S_IFLNK)

struct abi_statx_time {
	int64_t sec;
	uint32_t nsec;
	int32_t pad;
};

struct abi_statx {
	uint32_t mask; /* STATX_*: what is filled in */
	uint32_t blksize;
	uint64_t attributes;
	uint32_t nlink;
	uint32_t uid;
	uint32_t gid;
	uint16_t mode;
	uint16_t pad1;
	uint64_t ino;
	uint64_t size;
	uint64_t blocks;
	uint64_t attributes_mask;
	struct abi_statx_time atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor;
	uint32_t dev_major, dev_minor;
	uint64_t spare[14];
};

#define STATX_BASIC_STATS 0x000007ffu /* all that struct stat has */
#define STATX_RESERVED	  0x80000000u

struct abi_statfs {
	int64_t type;
	int64_t bsize;
	uint64_t blocks;
	uint64_t bfree;
	uint64_t bavail;
	uint64_t files;
	uint64_t ffree;
	int32_t fsid[2];
	int64_t namelen;
	int64_t frsize;
	int64_t flags;
	int64_t spare[4];
};

#define ABI_TMPFS_MAGIC	 0x01021994
#define ABI_MQUEUE_MAGIC 0x19800202
#define ABI_DEVPTS_MAGIC 0x1cd1
#define ABI_PIPEFS_MAGIC 0x50495045
#define ABI_SOCKFS_MAGIC 0x534f434b
#define ABI_NSFS_MAGIC	 0x6e736673
#define ABI_ANON_MAGIC	 0x09041934 /* of what is no file of any file system */
#define ABI_PROC_MAGIC	 0x9fa0
#define ABI_SYSFS_MAGIC	 0x62656572
#define ABI_V9FS_MAGIC	 0x01021997

/* A device number as in st_rdev, for small majors and minors (below 4096 and 256). */
#define ABI_MAKEDEV(major, minor) (((uint64_t)(major) << 8) | (minor))
/* What programs take such a number for. */
#define ABI_MAJOR(dev)		  ((uint32_t)((dev) >> 8 & 0xfff))
#define ABI_MINOR(dev)		  ((uint32_t)(((dev)&0xff) | ((dev) >> 12 & ~0xffull)))

_Static_assert(sizeof(struct abi_statx) == 256, "as in the ABI");
_Static_assert(sizeof(struct abi_statfs) == 120, "as in the ABI");
