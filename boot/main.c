/* SPDX-License-Identifier: MIT */
/* The first C code of the kernel proper, which starts everything else in order. */
#include "abi/errno.h"
#include "arch/bootmap.h"
#include "arch/irqflags.h"
#include "arch/mmu.h"
#include "arch/timer.h"
#include "arch/upcall.h"
#include "base/block.h"
#include "base/chardev.h"
#include "base/clock.h"
#include "base/console.h"
#include "base/hart.h"
#include "base/latency_report.h"
#include "base/log.h"
#include "base/os_layer.h"
#include "base/panic.h"
#include "base/power.h"
#include "base/random.h"
#include "base/stack_guard.h"
#include "boot/device_tree.h"
#include "boot/harts.h"
#include "boot/holders.h"
#include "boot/options.h"
#include "boot/os_layers.h"
#include "boot/payload.h"
#include "boot/version.h" /* which Meson makes of the file VERSION */
#include "desc/epoll.h"
#include "desc/in_flight.h"
#include "drivers/firmware_console.h"
#include "drivers/probe.h"
#include "drivers/uart.h"
#include "mm/check/alloc_fail.h"
#include "mm/fault/fault_classify.h"
#include "mm/object/page_cache.h"
#include "mm/phys/memmap.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/table_pages.h"
#include "mm/space/commit.h"
#include "proc/futex.h"
#include "proc/kthread.h"
#include "proc/mm_host.h"
#include "proc/preempt_force.h"
#include "proc/reclaim_thread.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "record/journal.h"
#include "record/trace.h"

#define MIB(bytes) ((unsigned)((bytes) >> 20))

/* The machine cannot be used, and the log says why. */
static void boot_give_up(void) __attribute__((noreturn));
static void boot_give_up(void)
{
	power_off(PANIC_STATUS);
}

static void read_machine(unsigned long hart_id, paddr_t dtb)
{
	const char *why = "?";

	int err = boot_info_read(dtb, hart_id, &why);

	/* Even if the tree's contents are refused: the exit status goes through the test device. */
	if (boot_info.dt.blob)
		probe_power(&boot_info.dt);
	if (err == 0)
		return;
	console_set(&firmware_log_sink);
	log_error("boot", "the device tree can't be used: %s", why);
	boot_give_up();
}

static void take_layer(void)
{
	const char *wrong = os_layer_init(os_layers_start, os_layers_end);

	if (!wrong)
		return;
	log_error("boot", "the kernel is linked wrongly: %s", wrong);
	boot_give_up();
}

static uint64_t ram_bytes(const struct boot_info *info)
{
	uint64_t ram = 0;

	for (unsigned i = 0; i < info->nram; i++)
		ram += info->ram[i].end - info->ram[i].start;
	return ram;
}

static void log_machine(const struct boot_info *info)
{
	uint64_t ram = ram_bytes(info);

	log_info("boot", "Faultline %s on %s: %u hart%s, this is hart %lu; %u MiB of memory",
		 FAULTLINE_VERSION, info->model ?: "a machine", info->ncpus,
		 info->ncpus == 1 ? "" : "s", info->hart_id, MIB(ram));
	log_info("boot", "command line: %s", info->cmdline);
	if (info->initrd.end != 0)
		log_info("boot", "boot archive: %lu KiB",
			 (unsigned long)(info->initrd.end - info->initrd.start) >> 10);
}

/* The distance between the addresses that are checked. */
#define PROBE_STEP (2ul << 20)

static bool is_reserved(const struct boot_info *info, paddr_t pa)
{
	for (unsigned i = 0; i < info->nreserved; i++)
		if (pa >= info->reserved[i].start && pa < info->reserved[i].end)
			return true;
	return false;
}

/*
 * A device tree may claim memory that does not exist. Access to reserved memory may be forbidden.
 */
static void check_memory(const struct boot_info *info)
{
	for (unsigned i = 0; i < info->nram; i++) {
		const struct phys_range *ram = &info->ram[i];

		for (paddr_t pa = ram->start; pa < ram->end; pa += PROBE_STEP) {
			if (is_reserved(info, pa) || arch_memory_answers(pa))
				continue;
			log_error("boot",
				  "the device tree can't be used: there is no memory at %#lx",
				  (unsigned long)pa);
			boot_give_up();
		}
	}
}

static void start_memory(const struct boot_info *info)
{
	int err;

	if (ram_bytes(info) < payload_ram_least) {
		log_error("boot", "%u MiB of memory are too little: the least is %u MiB",
			  MIB(ram_bytes(info)), MIB(payload_ram_least));
		boot_give_up();
	}
	check_memory(info);
	err = phys_init(info->ram, info->nram, info->reserved, info->nreserved);

	if (err) {
		log_error("boot", "%s",
			  err == -ENOMEM ? "too little memory to start"
					 : "memory in too many or in invalid ranges");
		boot_give_up();
	}
	page_cache_init();
	log_info("mm", "%zu of %zu frames free (%u MiB)", page_alloc_free_count(),
		 page_alloc_total_count(), MIB(page_alloc_free_count() << PAGE_SHIFT));
	commit_set_strict(boot_options.commit_strict);
	if (boot_options.commit_strict)
		log_info("mm", "strict commit accounting: programs may have %u MiB",
			 MIB(commit_limit() << PAGE_SHIFT));
}

/* Finds out what the harts' MMU does by itself. */
static void try_mmu(void)
{
	struct mmu_tables tables = { 0 };
	struct mmu_traits traits;
	struct page *page = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);

	if (!page || tables_fill(&tables, MMU_LEVELS + 1)) {
		log_error("boot", "too little memory to start");
		boot_give_up();
	}
	traits = arch_mmu_try(&tables, page_to_paddr(page));
	if (traits.keeps_invalid)
		log_info(
			"mm",
			"this hart keeps page-table entries that are not valid: each new one is fenced");
	if (!traits.sets_ad) {
		log_info("mm", "this hart does not set A and D bits: the kernel does");
		boot_options.soft_ad = true;
	}
	log_info("mm", "address spaces have numbers of %u bits in the TLB", traits.asid_bits);
	tables_free(&tables);
	page_put(page);
	arch_ad_soft_set(boot_options.soft_ad);
}

static void move_log(const struct dt *dt)
{
	struct log_sink *sink = uart_second_log_sink(dt);

	if (sink)
		console_move_log(sink, "log continues on the second UART");
	else
		log_warn("boot", "there is no second UART: the log stays here");
}

/* The firmware's console is used until a UART is found, or in place of one. */
static void start_console(const struct boot_info *info)
{
	probe_early(&info->dt);
	if (chardev_find("uart"))
		console_set(uart_log_sink());
	else
		(void)chardev_register(&firmware_console);
	if (boot_options.log_second)
		move_log(&info->dt);
	if (boot_options.log_shared)
		log_always("console", "log and streams share the console");
}

/* Answers the requests to a disk, for ever. */
static void serve_disk(void *arg)
{
	struct block_device *disk = arg;

	for (;;) {
		uint64_t seq = waitq_sample(&disk->answered);

		if (!disk->ops->complete(disk))
			thread_wait_always(&disk->answered, seq);
	}
}

static void start_disks(void)
{
	struct block_device *disk;
	unsigned i = 0;

	while ((disk = block_at(i)) != NULL) {
		if (kthread_spawn(disk->name, serve_disk, disk)) {
			i++;
			continue;
		}
		log_error("boot", "%s: not used: out of memory", disk->name);
		block_unregister(disk);
	}
}

/* From here on there are threads and interrupts, and code may sleep. */
static void boot_thread(void *arg)
{
	unsigned missing;

	/* The code that runs only at the start of the boot is not needed any more. */
	arch_image_init_done();
	phys_release(arch_image_init());
	/* Off by default: it reads the counter twice per lock, which is slow in QEMU. */
	if (boot_options.latency || boot_options.latency_places)
		latency_start_all(boot_options.latency_places);
	futex_init();
	holders_init();
	in_flight_init();
	if (os_layer.start() != 0 || epoll_start() != 0) {
		log_error("boot", "too little memory to start");
		boot_give_up();
	}
	if (!probe_devices(&boot_info.dt, boot_info.hart_id, boot_options.ports, &missing))
		boot_give_up();
	boot_harts(boot_options.harts);
	start_disks();
	if (reclaim_thread_start() != 0)
		log_error("boot",
			  "no memory for the reclaim thread: programs reclaim by themselves");
	if (missing > 0) {
		log_error("boot", "%u of %u ports did not come up: streams would be lost", missing,
			  boot_options.ports);
		boot_give_up();
	}
	preempt_force_start(boot_options.preempt);
	boot_payload();
}

void boot_main(unsigned long hart_id, paddr_t dtb)
{
	hart_init(hart_id);
	read_machine(hart_id, dtb);
	clock_init(boot_info.timebase);
	boot_options_read(boot_info.cmdline);
	clock_set_wall(boot_options.clock * NSEC_PER_SEC);
	if (boot_options.reboot)
		power_allow_reboot();
	console_set(&firmware_log_sink);
	log_machine(&boot_info);
	take_layer();
	trace_start();
	alloc_fail_boot(boot_options.fail_nth);
	start_memory(&boot_info);
	try_mmu();
	start_console(&boot_info);
	random_seed_secret(boot_info.rng_seed, boot_info.rng_seed_len);
	stack_guard_init();
	arch_timer_init();
	if (boot_options.journal)
		journal_start(boot_options.journal);
	sched_init();
	mm_host_init();
	if (kthread_init() || !kthread_spawn("boot", boot_thread, NULL)) {
		log_error("boot", "too little memory to start");
		boot_give_up();
	}
	sched_start();
}
