/* SPDX-License-Identifier: MIT */
/* Starts the other harts that the device tree names, one after the other; what does not come is left out. */
#include "boot/harts.h"

#include "arch/harts.h"
#include "arch/hart.h"
#include "arch/upcall.h"
#include "base/clock.h"
#include "base/hart.h"
#include "base/log.h"
#include "boot/device_tree.h"
#include "lib/string.h"
#include "proc/kthread.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/wait.h"

/* Firmware starts a hart at once, but the host of a virtual machine may have other work. It is waited for that long. */
#define PATIENCE_NS (10 * NSEC_PER_SEC)

/* A thread that waits for longer than AT_ONCE_NS sleeps for LOOK_NS between two looks. */
#define AT_ONCE_NS (NSEC_PER_SEC / 1000)
#define LOOK_NS	   (NSEC_PER_SEC / 100)

/* So many are asked to start, at most. */
#define STARTS_MAX 64

/* One that comes after the boot hart has given it up stops, and touches nothing else. */
enum { WAITED_FOR, CAME, GIVEN_UP, COUNTED };

static uint32_t starts[STARTS_MAX]; /* atomic */
static unsigned nstarts;

void boot_hart_main(void)
{
	uint32_t *start = current_thread()->main_arg;

	if (!atomic_cas(start, WAITED_FOR, CAME))
		arch_hart_stop();
	while (atomic_load(start) != COUNTED)
		spin_pause();
	arch_hart_join();
	sched_start_other();
}

/* What runs meanwhile is the idle thread. */
static void pause_until(uint64_t ns)
{
	static struct waitq never_woken = WAITQ_INIT(never_woken);

	thread_sleep_always(&never_woken, waitq_sample(&never_woken), clock_deadline(ns));
}

static bool has_come(unsigned long id, struct thread *thread, uint32_t *start)
{
	uint64_t since = clock_ns(), now;

	while (atomic_load(start) == WAITED_FOR) {
		now = clock_ns();
		if (now - since >= PATIENCE_NS) {
			if (atomic_cas(start, WAITED_FOR, GIVEN_UP))
				return false;
		} else if (arch_hart_start(id, &thread->arch) == 0) {
			log_info("boot", "hart %lu had gone astray, and is started again", id);
		} else if (now - since < AT_ONCE_NS) {
			sched_yield();
		} else {
			pause_until(now + LOOK_NS);
		}
	}
	return true;
}

/* Returns why it does not run, or NULL. What a hart may still come to use is not freed. */
static const char *start_hart(unsigned long id)
{
	struct hart *hart = hart_prepare(id);
	struct thread *thread;
	uint32_t *start;
	long err;

	if (!hart || nstarts == STARTS_MAX)
		return "there is no room for it";
	start = &starts[nstarts];
	thread = kthread_idle(hart, start);
	if (!thread)
		return "out of memory";
	err = arch_hart_start(id, &thread->arch);
	if (err) {
		thread_destroy(thread);
		log_info("boot", "hart %lu: the firmware's error is %ld", id, err);
		return "the firmware does not start it";
	}
	nstarts++;
	if (!has_come(id, thread, start))
		return "it was started and has not come";
	sched_add_hart(hart, thread);
	hart_add(hart);
	atomic_store(start, COUNTED);
	return NULL;
}

/* Is there an earlier node with that number? */
static bool is_named_before(const struct dt *dt, dt_node cpus, dt_node cpu, uint64_t id)
{
	uint64_t other, unused;
	dt_node at;

	dt_for_each_child(at, dt, cpus)
	{
		if (at == cpu)
			return false;
		if (dt_reg_in(dt, cpus, at, 0, &other, &unused) == 0 && other == id)
			return true;
	}
	return false;
}

/* Returns why it does not run, or NULL. */
static const char *start_cpu(const struct dt *dt, dt_node cpus, dt_node cpu, unsigned long id,
			     unsigned most)
{
	if (is_named_before(dt, cpus, cpu, id))
		return "the device tree names it twice";
	if (id == boot_info.hart_id)
		return NULL;
	if (!dt_available(dt, cpu))
		return "it is disabled";
	if (hart_count >= most)
		return "enough run without it";
	if (!dt_string(dt, cpu, "mmu-type"))
		return "it has no MMU";
	return start_hart(id);
}

static void start_each(const struct dt *dt, unsigned most)
{
	dt_node cpus = dt_path(dt, "/cpus"), cpu;

	dt_for_each_child(cpu, dt, cpus)
	{
		const char *type = dt_string(dt, cpu, "device_type"), *why;
		uint64_t id, unused;

		if (!type || strcmp(type, "cpu") != 0)
			continue;
		if (dt_reg_in(dt, cpus, cpu, 0, &id, &unused) != 0) {
			log_warn("boot", "%s is left out: it has no number", dt_name(dt, cpu));
			continue;
		}
		why = start_cpu(dt, cpus, cpu, id, most);
		if (why)
			log_info("boot", "hart %lu is left out: %s", (unsigned long)id, why);
	}
}

void boot_harts(unsigned most)
{
	const char *why = boot_info.ncpus > 1 && most > 1 ? arch_harts_refusal() : NULL;

	if (why)
		log_warn("boot", "one hart runs: the firmware %s", why);
	else
		start_each(&boot_info.dt, most);
	log_info("boot", "%u hart%s run%s", hart_count, hart_count == 1 ? "" : "s",
		 hart_count == 1 ? "s" : "");
}
