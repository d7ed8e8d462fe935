/* SPDX-License-Identifier: MIT */
/* What the machine and its kernel are called. */
#include "proc/uts.h"

static const struct abi_utsname names = {
	.sysname = "Linux",
	.nodename = "faultline",
	.release = "6.12.0-faultline",
	.version = "Faultline",
	.machine = "riscv64",
	.domainname = "(none)",
};

void uts_read(struct abi_utsname *ret)
{
	*ret = names;
}
