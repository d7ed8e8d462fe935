/* SPDX-License-Identifier: MIT */
/* The Linux layer's: userfaultfd. */
#pragma once

#include <stdint.h>

#define UFFD_API 0xaaull

#define UFFD_USER_MODE_ONLY 1 /* flag of userfaultfd, beside O_CLOEXEC and O_NONBLOCK */

/* Requests of ioctl. The first is of /dev/userfaultfd, the others of what it returns. */
#define USERFAULTFD_IOC_NEW 0xaa00
#define UFFDIO_REGISTER	    0xc020aa00
#define UFFDIO_UNREGISTER   0x8010aa01
#define UFFDIO_WAKE	    0x8010aa02
#define UFFDIO_COPY	    0xc028aa03
#define UFFDIO_ZEROPAGE	    0xc020aa04
#define UFFDIO_MOVE	    0xc028aa05
#define UFFDIO_WRITEPROTECT 0xc018aa06
#define UFFDIO_CONTINUE	    0xc020aa07
#define UFFDIO_POISON	    0xc020aa08
#define UFFDIO_API	    0xc018aa3f

/* The calls that an answer says are there: a bit for each, of the lowest byte of its request. */
#define UFFD_CALL(request) (1ull << ((request)&0x3f))

#define UFFD_FEATURE_PAGEFAULT_FLAG_WP	0x1u
#define UFFD_FEATURE_EVENT_FORK		0x2u
#define UFFD_FEATURE_EVENT_REMAP	0x4u
#define UFFD_FEATURE_EVENT_REMOVE	0x8u
#define UFFD_FEATURE_MISSING_SHMEM	0x20u
#define UFFD_FEATURE_EVENT_UNMAP	0x40u
#define UFFD_FEATURE_SIGBUS		0x80u
#define UFFD_FEATURE_THREAD_ID		0x100u
#define UFFD_FEATURE_MINOR_SHMEM	0x400u
#define UFFD_FEATURE_EXACT_ADDRESS	0x800u
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM 0x1000u
#define UFFD_FEATURE_WP_UNPOPULATED	0x2000u
#define UFFD_FEATURE_POISON		0x4000u
#define UFFD_FEATURE_WP_ASYNC		0x8000u
#define UFFD_FEATURE_MOVE		0x10000u

#define UFFDIO_REGISTER_MODE_MISSING	  1
#define UFFDIO_REGISTER_MODE_WP		  2
#define UFFDIO_REGISTER_MODE_MINOR	  4
#define UFFDIO_COPY_MODE_DONTWAKE	  1
#define UFFDIO_COPY_MODE_WP		  2
#define UFFDIO_ZEROPAGE_MODE_DONTWAKE	  1
#define UFFDIO_CONTINUE_MODE_DONTWAKE	  1
#define UFFDIO_CONTINUE_MODE_WP		  2
#define UFFDIO_POISON_MODE_DONTWAKE	  1
#define UFFDIO_WRITEPROTECT_MODE_WP	  1
#define UFFDIO_WRITEPROTECT_MODE_DONTWAKE 2
#define UFFDIO_MOVE_MODE_DONTWAKE	  1
#define UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES  2

#define UFFD_EVENT_PAGEFAULT	  0x12
#define UFFD_EVENT_FORK		  0x13
#define UFFD_EVENT_REMAP	  0x14
#define UFFD_EVENT_REMOVE	  0x15
#define UFFD_EVENT_UNMAP	  0x16
#define UFFD_PAGEFAULT_FLAG_WRITE 1
#define UFFD_PAGEFAULT_FLAG_WP	  2
#define UFFD_PAGEFAULT_FLAG_MINOR 4

struct abi_uffdio_api {
	uint64_t api, features, ioctls;
};

struct abi_uffdio_range {
	uint64_t start, len;
};

struct abi_uffdio_register {
	struct abi_uffdio_range range;
	uint64_t mode;
	uint64_t ioctls; /* the answer */
};

struct abi_uffdio_copy {
	uint64_t dst, src, len, mode;
	int64_t copy; /* the answer */
};

struct abi_uffdio_zeropage {
	struct abi_uffdio_range range;
	uint64_t mode;
	int64_t zeropage; /* the answer */
};

struct abi_uffdio_move {
	uint64_t dst, src, len, mode;
	int64_t move; /* the answer */
};

struct abi_uffdio_writeprotect {
	struct abi_uffdio_range range;
	uint64_t mode;
};

struct abi_uffdio_continue {
	struct abi_uffdio_range range;
	uint64_t mode;
	int64_t mapped; /* the answer */
};

struct abi_uffdio_poison {
	struct abi_uffdio_range range;
	uint64_t mode;
	int64_t updated; /* the answer */
};

struct abi_uffd_msg {
	uint8_t event;
	uint8_t zero[7];
	union {
		struct {
			uint64_t flags, address;
			uint32_t ptid, zero2;
		};
		uint32_t ufd; /* UFFD_EVENT_FORK */
		struct {
			uint64_t from, to, len;
		} remap;
		struct {
			uint64_t start, end;
		} range; /* UFFD_EVENT_REMOVE, UFFD_EVENT_UNMAP */
	};
};
