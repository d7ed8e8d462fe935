/* SPDX-License-Identifier: MIT */
/* What the machine and its kernel are called. */
#include "linux/process/uts.h"

#include "lib/assert.h"
#include "lib/string.h"
#include "sync/spinlock.h"

static struct spinlock uts_lock = SPINLOCK_INIT(LOCK_PROCESS);
/* nodename and domainname are guarded by uts_lock; the others are const */
static struct abi_utsname names = {
	.sysname = "Linux",
	.nodename = "faultline",
	.release = UTS_RELEASE,
	.version = "Faultline",
	.machine = "riscv64",
	.domainname = "(none)",
};

void uts_read(struct abi_utsname *ret)
{
	spin_lock(&uts_lock);
	*ret = names;
	spin_unlock(&uts_lock);
}

static void set_name(char to[ABI_UTS_LEN], const char *name, size_t len)
{
	assert_hardened(len < ABI_UTS_LEN);
	spin_lock(&uts_lock);
	memset(to, 0, ABI_UTS_LEN);
	memcpy(to, name, len);
	spin_unlock(&uts_lock);
}

void uts_set_hostname(const char *name, size_t len)
{
	set_name(names.nodename, name, len);
}

void uts_set_domainname(const char *name, size_t len)
{
	set_name(names.domainname, name, len);
}
