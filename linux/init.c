/* SPDX-License-Identifier: MIT */
/* The payload of the kernel proper: mounts the boot archive as the root and starts process 1. */
#include "abi/errno.h"
#include "arch/page.h"
#include "base/chardev.h"
#include "base/log.h"
#include "boot/device_tree.h"
#include "boot/end.h"
#include "boot/options.h"
#include "boot/payload.h"
#include "ipc/uio.h"
#include "linux/fs/dev/dev.h"
#include "linux/fs/file/lock.h"
#include "linux/fs/p9/p9.h"
#include "linux/fs/tmpfs/initrd.h"
#include "linux/fs/tmpfs/tmpfs.h"
#include "linux/fs/tty/pty.h"
#include "linux/fs/vfs/mount_calls.h"
#include "linux/fs/vfs/namei.h"
#include "linux/fs/vfs/open.h"
#include "linux/fs/vfs/process_fs.h"
#include "linux/mqueue/mqueue.h"
#include "linux/process/start.h"
#include "linux/sysv/sysv.h"
#include "mm/fault/thp_mode.h"
#include "mm/phys/kmalloc.h"
#include "proc/exit.h"
#include "proc/kthread.h"
#include "proc/process.h"

static void make_devices(void)
{
	struct chardev *console = chardev_find("uart") ?: chardev_find("firmware");
	int err = dev_init(console, boot_options.columns, boot_options.rows,
			   boot_options.plain_console);

	if (err)
		log_error("boot", "cannot create the device files: error %d", err);
	boot_poll_console();
	uio_init();
}

/* Mounts a file system that every program expects; makes the directory if the archive has none. */
static void mount_on(const char *path, const char *type)
{
	int err = fs_mkdir(NULL, path, 0755);

	if (err == 0 || err == -EEXIST)
		err = fs_mount(type, type, NULL, path, 0, "");
	if (err)
		log_error("boot", "cannot mount %s on %s: error %d", type, path, err);
}

static void mount_others(void)
{
	int err = fs_mkdir(NULL, "/srv", 0755); /* names of servers */

	if (err && err != -EEXIST)
		log_error("boot", "cannot make /srv: error %d", err);
	mount_on("/dev", "devtmpfs");
	mount_on("/dev/pts", "devpts");
	mount_on("/dev/shm", "tmpfs");
	mount_on("/dev/mqueue", "mqueue");
	mount_on("/proc", "proc");
	mount_on("/sys", "sysfs");
}

static void mount_root(void)
{
	const struct phys_range *initrd = &boot_info.initrd;
	const char *why = "out of memory";
	struct mount *root;

	if (mount_create(&tmpfs_type, "rootfs", 0, "mode=755", &root) != 0 ||
	    mount_attach(root, NULL) != 0) {
		log_error("boot", "too little memory for a root file system");
		boot_end_failed();
	}
	process_fs_init();
	file_locks_init();
	sysv_init();
	if (mqueue_init())
		log_error("boot", "no memory for message queues");
	if (devpts_init())
		log_error("boot", "no memory for the names of pseudo-terminals");
	fs_add_type(&p9_type);
	if (initrd->end == 0) {
		log_error("boot",
			  "there is no boot archive: give QEMU a cpio archive (newc) with -initrd");
		boot_end_failed();
	}
	if (initrd_unpack(root, arch_phys_to_virt(initrd->start), initrd->end - initrd->start,
			  &why) != 0) {
		log_error("boot", "the boot archive is refused: %s", why);
		boot_end_failed();
	}
}

static int start_init(void)
{
	const char *const argv[] = { boot_options.init, NULL };
	const char *const envp[] = { "HOME=/", "TERM=linux", "PATH=/bin:/usr/bin", NULL };
	struct object *image;
	char *path;
	int err;

	err = fs_open_exec(NULL, boot_options.init, true, &image, &path);
	if (err)
		return err;
	err = process_start_init(image, path, argv, envp, uio_give_devices);
	object_unuse(image);
	kfree(path);
	return err;
}

const uint64_t payload_ram_least = 16ul << 20;

void boot_payload(void)
{
	int err;

	machine_exit_hook = boot_end;
	mount_root();
	make_devices();
	mount_others();
	atomic_store_relaxed(&thp_mode,
			     boot_options.thp < THP_MODES ? boot_options.thp : THP_ALWAYS);
	err = start_init();
	if (err == -ENOENT)
		log_error(
			"boot",
			"%s: not in the boot archive, or its interpreter is not; name another with init=PATH",
			boot_options.init);
	else if (err == -ENOEXEC)
		log_error("boot",
			  "%s: not a program for this machine (a riscv64 ELF file or a script)",
			  boot_options.init);
	else if (err)
		log_error("boot", "cannot start %s: error %d", boot_options.init, err);
	if (err)
		boot_end_failed();
	kthread_exit();
}
