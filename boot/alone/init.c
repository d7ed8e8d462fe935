/* SPDX-License-Identifier: MIT */
/* The payload of the core without a layer: starts a program of the boot archive as process 1. */
#include "arch/page.h"
#include "base/log.h"
#include "boot/alone/archive.h"
#include "boot/alone/process.h"
#include "boot/device_tree.h"
#include "boot/end.h"
#include "boot/options.h"
#include "boot/payload.h"
#include "ipc/uio.h"
#include "mm/fault/thp_mode.h"
#include "proc/exit.h"
#include "proc/kthread.h"

static void alone_read_archive(void)
{
	const struct phys_range *initrd = &boot_info.initrd;
	const char *why;

	if (initrd->end == 0) {
		log_error(
			"boot",
			"no init: there is no boot archive: give QEMU a cpio archive (newc) with -initrd");
		boot_end_failed();
	}
	if (archive_read(arch_phys_to_virt(initrd->start), initrd->end - initrd->start, &why)) {
		log_error("boot", "no init: the boot archive is refused: %s", why);
		boot_end_failed();
	}
}

const uint64_t payload_ram_least = 10ul << 20;

void boot_payload(void)
{
	machine_exit_hook = boot_end;
	alone_read_archive();
	boot_poll_console();
	uio_init();
	if (boot_options.thp < THP_MODES)
		atomic_store_relaxed(&thp_mode, boot_options.thp);
	if (process_begin_first(boot_options.init)) {
		log_error("boot", "no init: too little memory for a process");
		boot_end_failed();
	}
	kthread_exit();
}
