/* SPDX-License-Identifier: MIT */
/* The Linux layer's: the structures and constants of uname, sysinfo and prctl. */
#pragma once

#include <stdint.h>

#define ABI_UTS_LEN 65

struct abi_utsname {
	char sysname[ABI_UTS_LEN];
	char nodename[ABI_UTS_LEN];
	char release[ABI_UTS_LEN];
	char version[ABI_UTS_LEN];
	char machine[ABI_UTS_LEN];
	char domainname[ABI_UTS_LEN];
};

#define ABI_LOAD_SHIFT 16

struct abi_sysinfo {
	int64_t uptime;
	uint64_t loads[3]; /* multiplied by 2 to the power of ABI_LOAD_SHIFT */
	uint64_t totalram;
	uint64_t freeram;
	uint64_t sharedram;
	uint64_t bufferram;
	uint64_t totalswap;
	uint64_t freeswap;
	uint16_t procs;
	uint16_t pad;
	uint32_t pad2;
	uint64_t totalhigh;
	uint64_t freehigh;
	uint32_t mem_unit;
	uint32_t pad3;
};

_Static_assert(sizeof(struct abi_sysinfo) == 112, "as in the ABI");

#define PR_SET_NAME 15
#define PR_GET_NAME 16
