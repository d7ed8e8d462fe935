/* SPDX-License-Identifier: MIT */
/* Flags of open, the *at calls, fcntl and lseek (riscv64: asm-generic). */
#pragma once

#define O_ACCMODE   0003
#define O_RDONLY    00
#define O_WRONLY    01
#define O_RDWR	    02
#define O_CREAT	    0100
#define O_EXCL	    0200
#define O_NOCTTY    0400
#define O_TRUNC	    01000
#define O_APPEND    02000
#define O_NONBLOCK  04000
#define O_DIRECT    040000
#define O_DIRECTORY 0200000
#define O_CLOEXEC   02000000
#define O_PATH	    010000000

#define AT_FDCWD -100

#define FD_CLOEXEC 1

#define SEEK_SET  0
#define SEEK_CUR  1
#define SEEK_END  2
#define SEEK_DATA 3
#define SEEK_HOLE 4

/* The Linux layer's: what only calls of files and their names take. */

#define O_DSYNC	    010000
#define O_ASYNC	    020000
#define O_LARGEFILE 0100000
#define O_NOFOLLOW  0400000
#define O_NOATIME   01000000
#define O_SYNC	    04010000
#define O_TMPFILE   020200000

#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_EACCESS	    0x200
#define AT_REMOVEDIR	    0x200
#define AT_SYMLINK_FOLLOW   0x400
#define AT_NO_AUTOMOUNT	    0x800
#define AT_STATX_SYNC_TYPE  0x6000
#define AT_EMPTY_PATH	    0x1000

#define F_DUPFD		    0
#define F_GETFD		    1
#define F_SETFD		    2
#define F_GETFL		    3
#define F_SETFL		    4
#define F_GETLK		    5
#define F_SETLK		    6
#define F_SETLKW	    7
#define F_SETOWN	    8
#define F_GETOWN	    9
#define F_SETSIG	    10
#define F_GETSIG	    11
#define F_SETOWN_EX	    15
#define F_GETOWN_EX	    16
#define F_OFD_GETLK	    36
#define F_OFD_SETLK	    37
#define F_OFD_SETLKW	    38
#define F_GETLEASE	    1025
#define F_DUPFD_QUERY	    1027
#define F_DUPFD_CLOEXEC	    1030
#define F_SETPIPE_SZ	    1031
#define F_GETPIPE_SZ	    1032
#define F_ADD_SEALS	    1033
#define F_GET_SEALS	    1034
#define F_SEAL_SEAL	    0x0001
#define F_SEAL_SHRINK	    0x0002
#define F_SEAL_GROW	    0x0004
#define F_SEAL_WRITE	    0x0008
#define F_SEAL_FUTURE_WRITE 0x0010
#define F_SEAL_EXEC	    0x0020
#define F_RDLCK		    0
#define F_WRLCK		    1
#define F_UNLCK		    2

/* struct f_owner_ex */
#define F_OWNER_TID  0
#define F_OWNER_PID  1
#define F_OWNER_PGRP 2

struct abi_f_owner_ex {
	int type;
	int pid;
};

#define F_OK 0
#define X_OK 1
#define W_OK 2
#define R_OK 4

#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE	 2
#define RENAME_WHITEOUT	 4

#define FALLOC_FL_KEEP_SIZE	 0x01
#define FALLOC_FL_PUNCH_HOLE	 0x02
#define FALLOC_FL_COLLAPSE_RANGE 0x08
#define FALLOC_FL_ZERO_RANGE	 0x10
#define FALLOC_FL_INSERT_RANGE	 0x20
#define FALLOC_FL_UNSHARE_RANGE	 0x40

#define CLOSE_RANGE_UNSHARE 2u
#define CLOSE_RANGE_CLOEXEC 4u

#define GRND_NONBLOCK 1
#define GRND_RANDOM   2
#define GRND_INSECURE 4
