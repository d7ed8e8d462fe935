/* SPDX-License-Identifier: MIT */
/* What the kernel must not survive: each ends in a panic, and runs only when asked for by name. */
#include "abi/errno.h"
#include "arch/irqflags.h"
#include "arch/mmu.h"
#include "arch/timer.h"
#include "base/hart.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/power.h"
#include "lib/assert.h"
#include "lib/refcount.h"
#include "desc/fdtable.h"
#include "mm/check/fence_debt.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "mm/fault/user_copy.h"
#include "proc/kthread.h"
#include "proc/mutex.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "sync/interleave.h"
#include "sync/irq.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"

/* tests/kernel/deaths boots the kernel once for each, and knows what the panic has to say. */

#define AREA	 0x40000ul
#define FIRMWARE 0x80000000ul /* a physical address of memory that only the firmware may use */

/* Kept from the compiler, which would not believe it. */
static uint64_t *volatile nearly_null = (uint64_t *)8;
static volatile bool enough;

/* R7: a bug of the kernel's own */
KTEST(dies_of_a_null_pointer)
{
	*(volatile uint64_t *)nearly_null = 1;
}

static bool second_waits;

/* It hears no interrupt until it panics itself. */
static void panic_second(void *arg)
{
	(void)arg;
	arch_irq_disable();
	atomic_store(&second_waits, true);
	while (!panic_begun())
		spin_pause();
	panic("the second of two");
}

/* The second one stops, and the first one's report says nothing else of it. */
KTEST(dies_on_two_harts_at_once)
{
	ASSERT_TRUE(hart_count == 2 && kthread_spawn("second", panic_second, NULL));
	while (!atomic_load(&second_waits))
		sched_yield();
	panic("the first of two");
}

#ifdef FAULTLINE_HARDENED
/* With interrupts off, this hart is about to take the log's lock when the other one's report begins. */
static void wait_for_report(enum interleave_kind kind, enum lock_class class, void *what)
{
	uint64_t newest = log_newest();

	(void)what;
	if (kind != INTERLEAVE_LOCK || class != LOCK_LOG)
		return;
	atomic_store(&second_waits, true);
	while (log_newest() == newest)
		spin_pause();
}

static void log_late(void *arg)
{
	(void)arg;
	interleave_hook = wait_for_report;
	log_info("test", "in the midst of a report");
}

/* The one that logs stops, and says nothing. */
KTEST(dies_while_another_hart_logs)
{
	ASSERT_TRUE(hart_count == 2 && kthread_spawn("late", log_late, NULL));
	while (!atomic_load(&second_waits))
		sched_yield();
	panic("while another hart logs");
}

static struct thread *late;

/* Another hart is about to write its line to the console when the machine begins to go off. Interrupts may come. */
static void wait_for_end(enum interleave_kind kind, enum lock_class class, void *what)
{
	uint64_t newest = log_newest();

	(void)what;
	if (kind != INTERLEAVE_LOCK || class != LOCK_CONSOLE || current_thread() != late)
		return;
	interleave_hook = NULL;
	atomic_store(&second_waits, true);
	irq_enable();
	while (log_newest() == newest)
		spin_pause();
	irq_disable();
}

static void write_late(void *arg)
{
	(void)arg;
	late = current_thread();
	interleave_hook = wait_for_end;
	log_info("test", "in the midst of a report");
}

/* No panic: the other hart stops before the last words. */
KTEST(dies_of_power_off_while_another_hart_logs)
{
	ASSERT_TRUE(hart_count == 2 && kthread_spawn("late", write_late, NULL));
	while (!atomic_load(&second_waits))
		sched_yield();
	power_off(PANIC_STATUS);
}
#endif

static int read_user_memory(void *arg)
{
	uint64_t word = 5;

	EXPECT_TRUE(current_map(AREA, PAGE_SIZE));
	EXPECT_EQ(0, user_copy_out(AREA, &word, sizeof(word)));
	return (int)*(volatile uint64_t *)AREA;
}

/* R110: user memory that is there, but not through the copy routines */
KTEST(dies_of_touching_user_memory)
{
	ktest_run(read_user_memory, NULL);
}

static int read_after_refused_copies(void *arg)
{
	char text[16];

	memset(text, 'x', sizeof(text));
	EXPECT_TRUE(current_map(AREA, PAGE_SIZE));
	EXPECT_EQ(0, user_copy_out(AREA + PAGE_SIZE - sizeof(text), text, sizeof(text)));
	EXPECT_EQ(-EFAULT, user_copy_out(AREA + PAGE_SIZE - 8, text, sizeof(text)));
	EXPECT_EQ(-EFAULT, user_copy_in(text, AREA + PAGE_SIZE - 8, sizeof(text)));
	EXPECT_EQ(-EFAULT, user_copy_string(text, AREA + PAGE_SIZE - 8, sizeof(text)));
	return (int)*(volatile uint64_t *)AREA;
}

/* R110: nor after copies that were refused half way */
KTEST(dies_of_touching_user_memory_after_a_refusal)
{
	ktest_run(read_after_refused_copies, NULL);
}

/* R110: a copy may fail at user addresses only, whatever the machine says of another */
KTEST(dies_of_a_copy_from_the_firmware)
{
	char byte;

	EXPECT_EQ(0, arch_copy_in(&byte, (vaddr_t)arch_phys_to_virt(FIRMWARE), 1));
}

/* R110: through the image, and through the direct map */
KTEST(dies_of_a_write_to_its_text)
{
	*(volatile uint8_t *)(uintptr_t)&page_alloc_trim = 0;
}

static const uint64_t constant = 5;

KTEST(dies_of_a_write_to_a_constant)
{
	*(volatile uint64_t *)(uintptr_t)&constant = 6;
}

KTEST(dies_of_executing_data)
{
	struct page *page = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);

	memset(page_address(page), 0, PAGE_SIZE);
	((void (*)(void))page_address(page))();
}

static uint64_t recurse(volatile uint64_t *above)
{
	volatile uint64_t room[16];

	room[0] = above ? above[0] + 1 : 1;
	if (enough)
		return 0;
	return recurse(room) + room[0];
}

/* R32 */
KTEST(dies_of_a_stack_overflow)
{
	EXPECT_EQ(0, recurse(NULL));
}

static struct uspace *two_pages(void)
{
	struct uspace *us = space_new();

	assert(us && space_map(us, AREA, 2 * PAGE_SIZE, READ_WRITE, 0) == AREA);
	EXPECT_EQ(0, space_touch(us, AREA, WRITE));
	EXPECT_EQ(0, space_touch(us, AREA + PAGE_SIZE, WRITE));
	return us;
}

/* Takes the right to write from an entry, and "forgets" the fence. */
static void lessen_without_fence(struct uspace *us,
				 struct mmu_entry (*change)(struct mmu_entry old))
{
	struct mmu_entry *slot, old;

	space_lock(&us->space);
	slot = arch_mmu_lookup(&us->space.mmu, AREA);
	old = entry_swap(slot, change(entry_load(slot)));
	debt_owe(&us->space, AREA, old, entry_load(slot));
	space_unlock(&us->space);
}

static struct mmu_entry read_only(struct mmu_entry old)
{
	return entry_with(old, VM_PROT_READ, entry_flags(old));
}

static struct mmu_entry empty(struct mmu_entry old)
{
	return ENTRY_NONE;
}

/* R8: the next verb finds that a fence is owed */
KTEST(dies_of_a_verb_that_owes_a_fence)
{
	struct uspace *us = two_pages();

	lessen_without_fence(us, read_only);
	vm_madvise(&us->space, AREA + PAGE_SIZE, PAGE_SIZE, 4 /* DONTNEED */);
}

/* R8: another frame in an entry whose last one is not fenced away */
KTEST(dies_of_a_make_before_the_break_is_fenced)
{
	struct uspace *us = two_pages();

	lessen_without_fence(us, empty);
	space_touch(us, AREA, WRITE);
}

/* Locks have an order */
KTEST(dies_of_locks_in_the_wrong_order)
{
	struct uspace *us = two_pages();
	struct mutex mutex;

	mutex_init(&mutex, LOCK_PIPE);
	EXPECT_TRUE(mutex_held(&us->mmap_lock));
	mutex_lock(&mutex);
}

KTEST(dies_of_sleeping_with_a_spinning_lock)
{
	struct uspace *us = two_pages();

	space_lock(&us->space);
	sched_yield();
}

KTEST(dies_of_sleeping_with_preemption_off)
{
	preempt_disable();
	sched_yield();
}

/* (volatile: the compiler knows what kfree() is for.) */
KTEST(dies_of_a_double_free)
{
	void *volatile p = kmalloc(64);

	kfree(p);
	kfree(p);
}

static int keep_a_descriptor(void *unused)
{
	return fdtable_reserve(current_thread()->fdtable, 0, false) < 0;
}

/* R111: a descriptor that is set aside by no call */
KTEST(dies_of_a_descriptor_without_holder)
{
	ktest_run(keep_a_descriptor, NULL);
}

KTEST(dies_of_a_write_after_free)
{
	struct page *page = page_alloc(PAGE_ORDER_MAX, PAGE_KERNEL, PAGE_NORMAL);
	uint64_t *word = page_address(page);

	page_free(page, PAGE_ORDER_MAX);
	word[100] = 1;
	for (unsigned i = 0; i < 200 && page_alloc(PAGE_ORDER_MAX, PAGE_KERNEL, PAGE_NORMAL); i++)
		;
}

KTEST(dies_of_a_write_behind_an_object)
{
	uint8_t *p = kmalloc(64);

	memset(p, 0, 72);
	kfree(p);
}

static volatile int largest = INT32_MAX;
static volatile unsigned eight = 8, sixty_four = 64;
static uint64_t eight_words[8];

KTEST(dies_of_a_signed_overflow)
{
	largest = largest + 1;
}

KTEST(dies_of_an_index_behind_an_array)
{
	eight_words[eight] = 1;
}

KTEST(dies_of_a_shift_too_far)
{
	eight_words[0] = 1ul << sixty_four;
}

KTEST(dies_of_a_misaligned_load)
{
	eight_words[0] = *(volatile uint64_t *)((uintptr_t)eight_words + 4);
}

/* The word that strings free objects is not poisoned, and watched all the same. */
KTEST(dies_of_a_write_to_a_freed_object)
{
	uint64_t *volatile p = kmalloc(64);

	kfree(p);
	*p = 5;
	kmalloc(64);
}

/* A node that is freed, or written over, while it is on its list. */
KTEST(dies_of_a_list_that_is_written_over)
{
	struct list head = LIST_INIT(head), nodes[3];

	for (unsigned i = 0; i < ARRAY_SIZE(nodes); i++)
		list_add_tail(&head, &nodes[i]);
	list_init(&nodes[1]);
	list_del(&nodes[2]);
}

/* One reference is given back twice: checked in every build. */
KTEST(dies_of_a_count_below_zero)
{
	struct refcount count = REFCOUNT_INIT(1);

	(void)refcount_put(&count);
	(void)refcount_put(&count);
}

KTEST(dies_of_a_frame_that_is_put_twice)
{
	struct page *page = page_alloc(0, PAGE_ANON, PAGE_NORMAL);

	page_put(page);
	page_put(page);
}

KTEST(dies_of_a_reference_to_a_free_frame)
{
	struct page *page = page_alloc(0, PAGE_ANON, PAGE_NORMAL);

	page_put(page);
	page_get(page);
}

KTEST(dies_of_a_double_unlock)
{
	struct uspace *us = two_pages();

	space_lock(&us->space);
	space_unlock(&us->space);
	space_unlock(&us->space);
}

KTEST(dies_of_a_double_unlock_of_a_waiting_lock)
{
	struct mutex mutex;

	mutex_init(&mutex, LOCK_PIPE);
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	mutex_unlock(&mutex);
}

static void yield(struct timer *timer)
{
	sched_yield();
}

KTEST(dies_of_sleeping_in_an_interrupt)
{
	struct timer timer;

	timer_init(&timer, yield);
	timer_arm(&timer, arch_time());
	for (;;)
		arch_hart_wait();
}

__attribute__((noinline)) static uint64_t go_down_to(const char *stack, size_t bytes)
{
	volatile char room[16] = { 0 };

	return (const char *)room - stack < (ssize_t)bytes
		       ? 0
		       : go_down_to(stack, bytes) + (uint64_t)room[1];
}

static void use_stack(void *arg)
{
	(void)go_down_to(current_thread()->kstack, 1000);
}

/* R32: it did not overflow this time */
KTEST(dies_of_a_stack_that_was_nearly_full)
{
	kthread_spawn("deep", use_stack, NULL);
	ktest_settle();
}

/* Writes behind an array by a way that only the guard sees. */
__attribute__((noinline)) static void smash(void)
{
	uint8_t room[16];
	volatile uint8_t *volatile end = room;

	for (unsigned i = 0; i < 2 * sizeof(room); i++)
		end[i] = 0xff;
}

KTEST(dies_of_a_smashed_stack)
{
	smash();
}

static int fault_for_ever(void *arg)
{
	struct mmu *active;
	unsigned long flags;
	uint64_t word = 0;

	EXPECT_TRUE(current_map(AREA, PAGE_SIZE));
	/* The tables say yes, but they are not those that the hart looks at, and no switch knows. */
	flags = irq_save();
	active = hart_this()->active;
	arch_mmu_activate(NULL);
	hart_this()->active = active;
	irq_restore(flags);
	return user_copy_out(AREA, &word, sizeof(word));
}

/* R5: no endless fault loop */
KTEST(dies_of_a_fault_loop)
{
	ktest_run(fault_for_ever, NULL);
}
