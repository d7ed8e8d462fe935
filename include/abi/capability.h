/* SPDX-License-Identifier: MIT */
/* The Linux layer's: capabilities: their numbers, capget and capset, and the secure bits of prctl. */
#pragma once

#include <stdint.h>

/* Those that the kernel looks at. */
#define CAP_CHOWN	       0
#define CAP_DAC_OVERRIDE       1
#define CAP_DAC_READ_SEARCH    2
#define CAP_FOWNER	       3
#define CAP_FSETID	       4
#define CAP_KILL	       5
#define CAP_SETGID	       6
#define CAP_SETUID	       7
#define CAP_SETPCAP	       8
#define CAP_IPC_LOCK	       14
#define CAP_IPC_OWNER	       15
#define CAP_SYS_CHROOT	       18
#define CAP_SYS_PTRACE	       19
#define CAP_SYS_ADMIN	       21
#define CAP_SYS_BOOT	       22
#define CAP_SYS_NICE	       23
#define CAP_SYS_RESOURCE       24
#define CAP_SYS_TIME	       25
#define CAP_SYS_TTY_CONFIG     26
#define CAP_MKNOD	       27
#define CAP_SYSLOG	       34
#define CAP_WAKE_ALARM	       35
#define CAP_CHECKPOINT_RESTORE 40
#define CAP_LAST_CAP	       40

#define CAP_VERSION_1 0x19980330u /* one word of each set */
#define CAP_VERSION_2 0x20071026u /* two, as those after it */
#define CAP_VERSION_3 0x20080522u

struct abi_cap_header {
	uint32_t version;
	int32_t pid;
};

/* capget and capset have an array of these, the low words first. */
struct abi_cap_data {
	uint32_t effective, permitted, inheritable;
};

/* The secure bits. Each is followed by the one that locks it. */
#define SECBIT_NOROOT		    0x01u
#define SECBIT_NO_SETUID_FIXUP	    0x04u
#define SECBIT_KEEP_CAPS	    0x10u
#define SECBIT_KEEP_CAPS_LOCKED	    0x20u
#define SECBIT_NO_CAP_AMBIENT_RAISE 0x40u
#define SECURE_ALL_BITS		    0x55u
#define SECURE_ALL_LOCKS	    0xaau
