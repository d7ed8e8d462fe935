/* SPDX-License-Identifier: MIT */
/* The Linux layer's: ptrace(2): requests, options, events, and what they read and write. */
#pragma once

#include <stdint.h>

#define PTRACE_TRACEME		0
#define PTRACE_PEEKTEXT		1
#define PTRACE_PEEKDATA		2
#define PTRACE_POKETEXT		4
#define PTRACE_POKEDATA		5
#define PTRACE_CONT		7
#define PTRACE_KILL		8
#define PTRACE_ATTACH		16
#define PTRACE_DETACH		17
#define PTRACE_SYSCALL		24
#define PTRACE_SETOPTIONS	0x4200
#define PTRACE_GETEVENTMSG	0x4201
#define PTRACE_GETSIGINFO	0x4202
#define PTRACE_SETSIGINFO	0x4203
#define PTRACE_GETREGSET	0x4204
#define PTRACE_SETREGSET	0x4205
#define PTRACE_SEIZE		0x4206
#define PTRACE_INTERRUPT	0x4207
#define PTRACE_LISTEN		0x4208
#define PTRACE_PEEKSIGINFO	0x4209
#define PTRACE_GETSIGMASK	0x420a
#define PTRACE_SETSIGMASK	0x420b
#define PTRACE_GET_SYSCALL_INFO 0x420e

/* Bit n of the options enables event n. */
#define PTRACE_EVENT_FORK	1
#define PTRACE_EVENT_VFORK	2
#define PTRACE_EVENT_CLONE	3
#define PTRACE_EVENT_EXEC	4
#define PTRACE_EVENT_VFORK_DONE 5
#define PTRACE_EVENT_EXIT	6
#define PTRACE_EVENT_STOP	128

#define PTRACE_O_TRACESYSGOOD	 0x000001u
#define PTRACE_O_EXITKILL	 0x100000u
#define PTRACE_O_SUSPEND_SECCOMP 0x200000u
#define PTRACE_O_MASK		 (0xffu | PTRACE_O_EXITKILL | PTRACE_O_SUSPEND_SECCOMP)

/* PTRACE_GETEVENTMSG in a stop for a system call. */
#define PTRACE_EVENTMSG_SYSCALL_ENTRY 1
#define PTRACE_EVENTMSG_SYSCALL_EXIT  2

/* Kinds of registers. */
#define NT_PRSTATUS 1
#define NT_PRFPREG  2

/* abi_peeksiginfo_args.flags */
#define PTRACE_PEEKSIGINFO_SHARED 1u

struct abi_peeksiginfo_args {
	uint64_t off;
	uint32_t flags;
	int32_t nr;
};

#define PTRACE_SYSCALL_INFO_NONE  0
#define PTRACE_SYSCALL_INFO_ENTRY 1
#define PTRACE_SYSCALL_INFO_EXIT  2

struct abi_syscall_info {
	uint8_t op; /* PTRACE_SYSCALL_INFO_* */
	uint8_t pad[3];
	uint32_t arch;
	uint64_t instruction_pointer;
	uint64_t stack_pointer;
	union {
		struct {
			uint64_t nr;
			uint64_t args[6];
		} entry;
		struct {
			int64_t rval;
			uint8_t is_error;
			uint8_t pad[7];
		} exit;
	};
};
