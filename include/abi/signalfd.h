/* SPDX-License-Identifier: MIT */
/* The Linux layer's: what a read of a signalfd gives, and the flags of signalfd4. */
#pragma once

#include "abi/fcntl.h"

#include <stdint.h>

#define SFD_CLOEXEC  O_CLOEXEC
#define SFD_NONBLOCK O_NONBLOCK

struct abi_signalfd_siginfo {
	uint32_t ssi_signo;
	int32_t ssi_errno;
	int32_t ssi_code;
	uint32_t ssi_pid;
	uint32_t ssi_uid;
	int32_t ssi_fd;
	uint32_t ssi_tid;
	uint32_t ssi_band;
	uint32_t ssi_overrun;
	uint32_t ssi_trapno;
	int32_t ssi_status;
	int32_t ssi_int;
	uint64_t ssi_ptr;
	uint64_t ssi_utime;
	uint64_t ssi_stime;
	uint64_t ssi_addr;
	uint64_t unused[6];
};

_Static_assert(sizeof(struct abi_signalfd_siginfo) == 128, "as in the ABI");
