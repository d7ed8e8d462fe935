/* SPDX-License-Identifier: MIT */
/* The Linux layer's: core files: an ELF file with notes about the process and its threads, and with its memory. */
#pragma once

#include <stdint.h>

#define NT_PRSTATUS 1
#define NT_FPREGSET 2
#define NT_PRPSINFO 3
#define NT_AUXV	    6
#define NT_SIGINFO  0x53494749
#define NT_FILE	    0x46494c45

#define ET_CORE	 4
#define EM_RISCV 243
#define PT_LOAD	 1
#define PT_NOTE	 4

struct abi_elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct abi_elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

/* Behind it: the name "CORE", and the note's bytes. */
struct abi_elf_note {
	uint32_t namesz, descsz, type;
};

struct abi_core_time {
	int64_t sec, usec;
};

/* NT_PRSTATUS of each thread; the registers are pc, x1 to x31. */
struct abi_core_status {
	int32_t signo, code, err;
	int16_t cursig, pad;
	uint64_t sigpend, sighold;
	int32_t pid, ppid, pgrp, sid;
	struct abi_core_time utime, stime, cutime, cstime;
	uint64_t regs[32];
	int32_t fpvalid, pad2;
};

struct abi_core_info {
	int8_t state;
	char sname;
	int8_t zomb, nice;
	uint32_t pad;
	uint64_t flag;
	uint32_t uid, gid;
	int32_t pid, ppid, pgrp, sid;
	char fname[16], psargs[80];
};

_Static_assert(sizeof(struct abi_core_status) == 376 && sizeof(struct abi_core_info) == 136,
	       "as Linux has them");
