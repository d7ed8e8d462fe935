/* SPDX-License-Identifier: MIT */
/* Virtual harts: who runs, until when, and what is kept of the others. */
/*
 * A hart runs until an instant that the seed has chosen, whatever S-mode has done to its interrupts,
 * or until it waits. So each place in a kernel may be the one where another hart comes in between.
 * The machine's timer has a tick of 100 instructions under -icount shift=0; a hart that goes on is
 * delayed by less than that, so that any instruction may be its last.
 */
#include "harts.h"

#include "lib/bits.h"
#include "lib/string.h"
#include "options.h"
#include "shadow.h"
#include "witness.h"

#define MTIMECMP    (*(volatile uint64_t *)0x2004000)
#define NEVER	    (~0ul)
#define TICK	    100u  /* instructions */
#define DEVICE_HART harts /* the PLIC has a context for this one only */
#define INTERNAL    (IRQ_SSI | IRQ_STI)

struct hart harts[MAX_HARTS];
struct hart *running = harts;
static uint64_t slice_end; /* as `time` counts */
static bool gives_way;	   /* the running hart has stopped, or waits */
static bool device_waits;  /* a device's interrupt is for a hart that does not run */

static const uint64_t table[] __attribute__((section(".hart_table"), used)) = {
	HART_TABLE_MAGIC,
	(uint64_t)harts,
	(uint64_t)&options.harts,
	(uint64_t)&running,
	sizeof(struct hart),
	offsetof(struct hart, id),
	offsetof(struct hart, state),
	offsetof(struct hart, waits),
	offsetof(struct hart, satp),
	offsetof(struct hart, saved.pc),
	offsetof(struct hart, saved.status),
};

/* start.S */
void fpu_save(uint64_t *registers);
void fpu_load(const uint64_t *registers);

void harts_init(void)
{
	for (unsigned i = 0; i < options.harts; i++)
		harts[i] = (struct hart){ .id = i * options.id_step,
					  .number = i,
					  .state = HART_STOPPED,
					  .deadline = NEVER };
	running = &harts[options.boot_hart];
	running->state = HART_STARTED;
}

static bool is_only(void)
{
	return options.harts == 1;
}

struct hart *hart_by_id(uint64_t id)
{
	struct hart *hart;

	for_each_hart(hart) if (hart->id == id) return hart;
	return NULL;
}

bool harts_of(uint64_t mask, uint64_t base, hart_set *ret)
{
	const struct hart *hart;

	*ret = 0;
	if (base == NEVER) {
		*ret = (1u << options.harts) - 1;
		return true;
	}
	for (; mask; mask &= mask - 1) {
		hart = hart_by_id(base + bit_lowest(mask));
		if (!hart)
			return false;
		*ret |= 1u << hart->number;
	}
	return true;
}

/* ---- interrupts ---- */

/* What is pending and enabled, of a hart that may be the running one. */
static uint64_t due(const struct hart *hart)
{
	uint64_t ip = hart == running ? csr_read(mip) & INTERNAL : hart->saved.ip;
	uint64_t ie = hart == running ? csr_read(mie) : hart->saved.ie;

	if (hart == DEVICE_HART)
		ip |= csr_read(mip) & IRQ_SEI;
	return ip & ie & (INTERNAL | IRQ_SEI);
}

static bool can_run(const struct hart *hart)
{
	if (hart->state == HART_STOPPED)
		return false;
	return !hart->waits || due(hart);
}

void hart_interrupt(struct hart *hart, bool on)
{
	if (hart == running && on)
		csr_set(mip, IRQ_SSI);
	else if (hart == running)
		csr_clear(mip, IRQ_SSI);
	else if (on)
		hart->saved.ip |= IRQ_SSI;
	else
		hart->saved.ip &= ~IRQ_SSI;
}

/* The machine's timer: the next hart's timer, or the end of the slice. */
static void timer_program(void)
{
	uint64_t next = is_only() ? NEVER : slice_end;
	const struct hart *hart;

	for_each_hart(hart) next = MIN(next, hart->deadline);
	MTIMECMP = next;
	csr_set(mie, IRQ_MTI);
}

static void timers_expire(void)
{
	uint64_t now = csr_read(time);
	struct hart *hart;

	for_each_hart(hart)
	{
		if (hart->deadline > now)
			continue;
		hart->deadline = NEVER;
		if (hart == running)
			csr_set(mip, IRQ_STI);
		else
			hart->saved.ip |= IRQ_STI;
	}
}

void timer_set(uint64_t when)
{
	running->deadline = when;
	csr_clear(mip, IRQ_STI);
	timer_program();
}

void timer_due(void)
{
	timers_expire();
	timer_program();
}

/* A device's interrupt is not delegated while another hart runs than the one that it is for. */
static void route_devices(void)
{
	bool is_here = running == DEVICE_HART;

	csr_write(mideleg, is_here ? INTERNAL | IRQ_SEI : INTERNAL);
	if (is_here)
		return;
	if (!device_waits && DEVICE_HART->state != HART_STOPPED && DEVICE_HART->saved.ie & IRQ_SEI)
		csr_set(mie, IRQ_SEI);
	else
		csr_clear(mie, IRQ_SEI);
}

void device_due(void)
{
	device_waits = true;
	route_devices();
}

/* ---- switches ---- */

/* Registers that are the running hart's go to *saved, or come from there. */
static void registers_save(struct registers *saved, const struct frame *frame)
{
	saved->frame = *frame;
	saved->pc = csr_read(mepc);
	saved->status = csr_read(mstatus);
	saved->stvec = csr_read(stvec);
	saved->sscratch = csr_read(sscratch);
	saved->sepc = csr_read(sepc);
	saved->scause = csr_read(scause);
	saved->stval = csr_read(stval);
	saved->scounteren = csr_read(scounteren);
	saved->senvcfg = csr_read(0x10a);
	saved->ip = csr_read(mip) & INTERNAL;
	saved->ie = csr_read(mie) & (running == DEVICE_HART ? INTERNAL | IRQ_SEI : INTERNAL);
	csr_set(mstatus, MSTATUS_FS);
	fpu_save(saved->f);
}

static void registers_load(const struct registers *saved, struct frame *frame)
{
	csr_set(mstatus, MSTATUS_FS);
	fpu_load(saved->f);
	*frame = saved->frame;
	csr_write(mepc, saved->pc);
	csr_write(mstatus, saved->status);
	csr_write(stvec, saved->stvec);
	csr_write(sscratch, saved->sscratch);
	csr_write(sepc, saved->sepc);
	csr_write(scause, saved->scause);
	csr_write(stval, saved->stval);
	csr_write(scounteren, saved->scounteren);
	csr_write(0x10a, saved->senvcfg);
	csr_clear(mip, INTERNAL);
	csr_set(mip, saved->ip);
	csr_clear(mie, INTERNAL | IRQ_SEI);
	csr_set(mie, saved->ie);
}

/* Chooses one of the harts that can run; NULL if none can. */
static struct hart *choose(void)
{
	struct hart *hart, *chosen = NULL;
	unsigned n = 0;

	for_each_hart(hart) if (can_run(hart) && random_below(++n) == 0) chosen = hart;
	return chosen;
}

/* No hart can run: the machine sleeps until one can. */
static struct hart *await_hart(void)
{
	struct hart *hart;
	bool any = false;

	for_each_hart(hart) any = any || hart->state != HART_STOPPED;
	if (!any) {
		say("\nstrict: all harts have stopped\n");
		power_off_with(1);
	}
	slice_end = NEVER;
	while (!(hart = choose())) {
		device_waits = false;
		timer_program();
		if (due(DEVICE_HART) == 0 && running != DEVICE_HART)
			route_devices();
		asm volatile("wfi");
		timers_expire();
	}
	return hart;
}

/* So that the end of a slice meets any instruction, not only each hundredth. */
static void delay(void)
{
	for (uint64_t n = random_below(TICK); n > 0; n--)
		asm volatile("");
}

static void go_on_with(struct hart *hart, struct frame *frame)
{
	uint64_t reserved = 0;

	hart->waits = false;
	if (hart->state == HART_SUSPENDED)
		hart->state = HART_STARTED;
	if (hart != running) {
		registers_save(&running->saved, frame);
		running = hart;
		registers_load(&hart->saved, frame);
		shadow_resume();
		witness_resume();
	}
	if (hart == DEVICE_HART)
		device_waits = false;
	route_devices();
	/* The SC of one hart does not succeed for the LR of another. */
	asm volatile("sc.d zero, zero, (%0)" : : "r"(&reserved) : "memory");
	slice_end = csr_read(time) + 1 + random_below(2 * options.slice);
	timer_program();
	delay();
}

void harts_switch(struct frame *frame, bool is_timer)
{
	bool wanted = is_timer ? csr_read(time) >= slice_end
			       : options.eager && random_below(options.eager) == 0;
	struct hart *hart;

	if (is_only() && !gives_way)
		return;
	if (!gives_way && !wanted)
		return;
	gives_way = false;
	hart = choose();
	go_on_with(hart ? hart : await_hart(), frame);
}

void hart_stop(void)
{
	running->state = HART_STOPPED;
	running->satp = 0;
	running->deadline = NEVER;
	shadow_reset();
	csr_clear(mip, INTERNAL);
	csr_clear(mie, INTERNAL | IRQ_SEI);
	gives_way = true;
}

void hart_wait(enum hart_state state)
{
	if (due(running))
		return;
	running->state = state;
	running->waits = true;
	gives_way = true;
}

/* Those of the loop: a load, a branch, and the hint. How often it goes round is the machine's business. */
#define PAUSE_INSNS 3u

void hart_pause(void)
{
	running->instructions -= MIN(running->instructions, PAUSE_INSNS);
	gives_way = true;
}

/* ---- starts ---- */

#define INITIAL_STATUS                                                          \
	(MSTATUS_TVM | MSTATUS_FS | (uint64_t)SUPERVISOR << MSTATUS_MPP_SHIFT | \
	 (is_only() ? 0 : MSTATUS_TW))

static uint64_t boot_pc, boot_argument;

void hart_start(struct hart *hart, uint64_t pc, uint64_t argument)
{
	if (options.astray && !hart->begun) {
		pc = boot_pc;
		argument = boot_argument;
	}
	hart->begun = true;
	hart->saved = (struct registers){ .pc = pc, .stvec = pc, .scounteren = 7 };
	hart->saved.status =
		(csr_read(mstatus) & ~(MSTATUS_MPP | MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP |
				       MSTATUS_SUM | MSTATUS_MXR | MSTATUS_TSR)) |
		INITIAL_STATUS;
	hart->saved.frame.x[10] = hart->id;
	hart->saved.frame.x[11] = argument;
	hart->satp = 0;
	hart->waits = options.silent && hart != running; /* no interrupt of it is enabled */
	hart->state = HART_STARTED;
}

void hart_boot(struct frame *frame, uint64_t pc, uint64_t argument)
{
	boot_pc = pc;
	boot_argument = argument;
	hart_start(running, pc, argument);
	registers_load(&running->saved, frame);
	csr_write(satp, 0);
	route_devices();
	slice_end = csr_read(time) + 1 + random_below(2 * options.slice);
	if (!is_only())
		timer_program();
}
