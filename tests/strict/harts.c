/* SPDX-License-Identifier: MIT */
/* Several harts on the strict machine: HSM, IPIs and timers, whose TLB a fence empties, and where harts are switched. */
#include "lib/bits.h"
#include "lib/fdt.h"
#include "lib/format.h"
#include "lib/string.h"
#include "payload.h"

#define NHARTS	  4u
#define ID_STEP	  40u /* as options say */
#define ROUNDS	  3000u
#define NOBODY	  (~0ul)
#define ALL_HARTS 0, ~0ul

/* What a hart can be asked to do. Its box has the number of it until that is done. */
enum command {
	IDLE,
	USE,	     /* a satp, and forget all */
	LOAD,	     /* from an address: the value */
	FENCE,	     /* all addresses */
	CLEAR,	     /* store 0 to an address */
	AWAIT_IPI,   /* in WFI */
	SUSPEND,     /* by the SBI, until there is an IPI */
	AWAIT_TIMER, /* until a time */
	ADD_PLAINLY, /* a load, an addition and a store, ROUNDS times */
	ADD_BY_AMO,
	ADD_BY_LR_SC,
	KEEP_FPU, /* fills the FPU's registers, and sums them up later */
	TELL_BIT, /* its bit in masks */
	DO_BADLY, /* one of bad_deeds[] */
	STOP,
};

static struct box boxes[NHARTS];
static volatile uint64_t sum;

/* On the stack, and a load and a store of their own: another hart may come in between. */
static void add_plainly(void)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t before = sum;

		asm volatile("nop; nop; nop; nop");
		sum = before + 1;
	}
}

static void await_pending(uint64_t which)
{
	csr_set(sie, which);
	while (!(csr_read(sip) & which))
		asm volatile("wfi");
	csr_clear(sie, which);
}

static uint64_t obey(struct box *box)
{
	uint64_t argument = box->argument;

	switch ((enum command)box->command) {
	case USE:
		csr_write(satp, argument);
		fence_all();
		return 0;
	case LOAD:
		return second_load(box, argument);
	case FENCE:
		fence_all();
		return 0;
	case CLEAR:
		*(volatile uint64_t *)argument = 0;
		return 0;
	case AWAIT_IPI:
		await_pending(IRQ_SSI);
		csr_clear(sip, IRQ_SSI);
		return 1;
	case SUSPEND:
		csr_set(sie, IRQ_SSI);
		(void)sbi(HSM, 3, 0, 0, 0, 0, 0);
		csr_clear(sip, IRQ_SSI);
		csr_clear(sie, IRQ_SSI);
		return 1;
	case AWAIT_TIMER:
		(void)sbi(TIME, 0, argument, 0, 0, 0, 0);
		await_pending(IRQ_STI);
		(void)sbi(TIME, 0, NOBODY, 0, 0, 0, 0);
		return csr_read(time);
	case ADD_PLAINLY:
		add_plainly();
		return 0;
	case ADD_BY_AMO:
		for (unsigned i = 0; i < ROUNDS; i++)
			(void)__atomic_fetch_add(&sum, 1, __ATOMIC_RELAXED);
		return 0;
	case ADD_BY_LR_SC:
		for (unsigned i = 0; i < ROUNDS; i++)
			add_lr_sc((uint64_t *)&sum);
		return 0;
	case KEEP_FPU:
		csr_set(sstatus, MSTATUS_FS);
		fpu_fill(argument);
		for (unsigned i = 0; i < ROUNDS; i++)
			asm volatile("nop");
		return fpu_sum();
	case TELL_BIT:
		(void)sbi(STRICT, 5, argument, 0, 0, 0, 0);
		return 0;
	case DO_BADLY:
		bad_deeds[argument]();
		break;
	case IDLE:
	case STOP:
		break;
	}
	return NOBODY;
}

void second(struct box *box)
{
	for (;;) {
		while (box->command == IDLE)
			;
		if (box->command == STOP) {
			box->command = IDLE;
			(void)sbi(HSM, 1, 0, 0, 0, 0, 0);
		}
		box->result = obey(box);
		__atomic_store_n(&box->command, IDLE, __ATOMIC_RELEASE);
	}
}

static uint64_t id_of(unsigned number)
{
	return number * ID_STEP;
}

static uint64_t hart_status(unsigned number)
{
	return sbi(HSM, 2, id_of(number), 0, 0, 0, 0).value;
}

static void tell(unsigned number, enum command command, uint64_t argument)
{
	boxes[number].argument = argument;
	__atomic_store_n(&boxes[number].command, command, __ATOMIC_RELEASE);
}

static bool is_busy(unsigned number)
{
	return __atomic_load_n(&boxes[number].command, __ATOMIC_ACQUIRE) != IDLE;
}

static uint64_t result_of(unsigned number)
{
	while (is_busy(number))
		;
	return boxes[number].result;
}

static uint64_t ask(unsigned number, enum command command, uint64_t argument)
{
	tell(number, command, argument);
	return result_of(number);
}

static void start_all(void)
{
	for (unsigned i = 1; i < NHARTS; i++)
		if (hart_status(i) == 1)
			check(sbi(HSM, 0, id_of(i), (uint64_t)second_start, (uint64_t)&boxes[i], 0,
				  0)
				      .error == 0);
}

/* Long enough for all to come to where they wait. */
static void pause(void)
{
	uint64_t until = csr_read(time) + 2000;

	while (csr_read(time) < until)
		;
}

void hart_states(void)
{
	for (unsigned i = 1; i < NHARTS; i++)
		check(hart_status(i) == 1);
	check(hart_status(0) == 0);
	check(answer(HSM, 2, 1, 0) == INVALID_PARAM);
	check(answer(HSM, 0, 1, (uint64_t)second_start) == INVALID_PARAM);
	check(answer(HSM, 0, id_of(1), FW) == INVALID_ADDRESS);
	check(answer(HSM, 0, 0, (uint64_t)second_start) == ALREADY);
	start_all();
	check(hart_status(1) == 0);
	check(answer(HSM, 0, id_of(1), (uint64_t)second_start) == ALREADY);
	tell(1, STOP, 0);
	while (hart_status(1) != 1)
		;
	check(hart_status(2) == 0);
	start_all();
	check(hart_status(1) == 0 && ask(1, FENCE, 0) == 0);
	tell(2, SUSPEND, 0);
	pause();
	check(hart_status(2) == 4 && is_busy(2));
	check(answer(IPI, 0, 1, id_of(2)) == 0);
	check(result_of(2) == 1 && hart_status(2) == 0);
}

void ipis_by_masks(void)
{
	/* The second hart, and one that there is not. */
	static const uint64_t mask = 1ul << ID_STEP | 1ul << (ID_STEP - 1);

	start_all();
	for (unsigned i = 1; i < NHARTS; i++)
		tell(i, AWAIT_IPI, 0);
	pause();
	check(answer(IPI, 0, 2, id_of(1)) == INVALID_PARAM);
	check(answer(IPI, 0, 0, 0) == 0);
	pause();
	check(is_busy(1) && is_busy(2) && is_busy(3));
	check(answer(IPI, 0, 1ul << ID_STEP, id_of(1)) == 0); /* its second hart */
	check(result_of(2) == 1);
	pause();
	check(is_busy(1) && is_busy(3) && !(csr_read(sip) & IRQ_SSI));
	check(answer(IPI, 0, ALL_HARTS) == 0);
	check(result_of(1) == 1 && result_of(3) == 1);
	check(ask(2, AWAIT_IPI, 0) == 1); /* it was pending */
	check(csr_read(sip) & IRQ_SSI);
	csr_clear(sip, IRQ_SSI);
	tell(1, AWAIT_IPI, 0);
	tell(2, AWAIT_IPI, 0);
	pause();
	check(sbi(4, 0, (uint64_t)&mask, 0, 0, 0, 0).error == 0 && result_of(1) == 1); /* legacy */
	pause();
	check(is_busy(2) && !(csr_read(sip) & IRQ_SSI));
	check(sbi(4, 0, 0, 0, 0, 0, 0).error == 0 && result_of(2) == 1);
	csr_clear(sip, IRQ_SSI);
	check(ask(1, AWAIT_IPI, 0) == 1);
	tell(1, AWAIT_IPI, 0);
	pause();
	check(ask(2, AWAIT_TIMER, csr_read(time) + 100) != NOBODY && is_busy(1));
	check(answer(IPI, 0, 1, id_of(1)) == 0 && result_of(1) == 1);
}

/* Each hart has a timer, and none has another's. */
void timers_of_harts(void)
{
	uint64_t now = csr_read(time);

	start_all();
	for (unsigned i = 1; i < NHARTS; i++)
		tell(i, AWAIT_TIMER, now + 10000 - i * 2000);
	for (unsigned i = 1; i < NHARTS; i++)
		check(result_of(i) >= now + 10000 - i * 2000);
	check(!(csr_read(sip) & IRQ_STI));
	/* The others are idle loops: this hart waits, and its own timer wakes it. */
	(void)sbi(TIME, 0, csr_read(time) + 500, 0, 0, 0, 0);
	await_pending(IRQ_STI);
	(void)sbi(TIME, 0, NOBODY, 0, 0, 0, 0);
	check(!(csr_read(sip) & IRQ_STI));
}

/* Harts are switched anywhere, whatever S-mode does with its interrupts; what is one step stays one. */
void switches_in_critical_sections(void)
{
	static const enum command ways[] = { ADD_PLAINLY, ADD_BY_AMO, ADD_BY_LR_SC };

	start_all();
	csr_clear(sstatus, MSTATUS_SIE);
	for (unsigned way = 0; way < ARRAY_SIZE(ways); way++) {
		sum = 0;
		for (unsigned i = 1; i < NHARTS; i++)
			tell(i, ways[way], 0);
		for (unsigned i = 1; i < NHARTS; i++)
			(void)result_of(i);
		check((sum < (NHARTS - 1) * ROUNDS) == (ways[way] == ADD_PLAINLY));
		check(sum <= (NHARTS - 1) * ROUNDS && sum >= ROUNDS);
	}
}

#define NOPS  100
#define TIMES 30

/* instret has the instructions of one hart, whatever others do; a read of it is not counted. A loop that waits by PAUSE is left out. */
void instructions_of_harts(void)
{
	uint64_t before, after;

	start_all();
	for (unsigned i = 1; i < NHARTS; i++)
		tell(i, ADD_BY_AMO, 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		before = csr_read(instret);
		asm volatile(".rept %0; nop; .endr" : : "i"(NOPS));
		after = csr_read(instret);
		check(after - before == NOPS);
	}
	for (unsigned i = 1; i < NHARTS; i++)
		(void)result_of(i);
	before = csr_read(instret);
	/* The word by which the machine replaces a kernel's PAUSE. */
	asm volatile(".rept %0; nop; nop; .word 0x0100000b; .endr" : : "i"(TIMES));
	check(csr_read(instret) == before);
}

void fpu_of_each_hart(void)
{
	start_all();
	for (unsigned i = 1; i < NHARTS; i++)
		tell(i, KEEP_FPU, i * 1000);
	for (unsigned i = 1; i < NHARTS; i++)
		check(result_of(i) == 32 * (i * 1000ul) + 31 * 32 / 2);
}

static uint64_t satp_of(const uint64_t *table, uint64_t asid)
{
	return SATP_SV39 << 60 | asid << 44 | (uint64_t)table >> 12;
}

/* A hart's TLB is its own: a fence of another hart changes nothing, but one by the SBI does. */
void fences_of_harts(void)
{
	static const struct remote {
		uint64_t function, mask, base, start, size, asid;
		bool drops;
	} remotes[] = {
		{ 1, 1, ID_STEP, WINDOW, PAGE_SIZE, 0, true },
		{ 1, 1, 2 * ID_STEP, WINDOW, PAGE_SIZE, 0, false },
		{ 1, 1, ID_STEP, WINDOW + PAGE_SIZE, PAGE_SIZE, 0, false },
		{ 1, 1ul << ID_STEP | 1, 0, WINDOW, PAGE_SIZE, 0, true },
		{ 1, 0, ~0ul, 0, 0, 0, true },
		{ 2, 1, ID_STEP, WINDOW, PAGE_SIZE, 7, true },
		{ 2, 1, ID_STEP, WINDOW, PAGE_SIZE, 8, false },
		{ 2, 0, ~0ul, 0, ~0ul, 7, true },
		{ 0, 1, ID_STEP, 0, 0, 0, false },
	};

	start_all();
	for (unsigned i = 0; i < ARRAY_SIZE(remotes); i++) {
		const struct remote *remote = &remotes[i];

		begin();
		map(WINDOW, page_of(1), RW);
		check(ask(1, USE, satp_of(root, 7)) == 0);
		check(load(WINDOW) == 1 && ask(1, LOAD, WINDOW) == 1);
		map(WINDOW, page_of(2), RW);
		fence_all();
		check(load(WINDOW) == 2 && ask(1, LOAD, WINDOW) == 1);
		check(sbi(RFENCE, remote->function, remote->mask, remote->base, remote->start,
			  remote->size, remote->asid)
			      .error == 0);
		check(ask(1, LOAD, WINDOW) == (remote->drops ? 2 : 1));
		check(ask(1, FENCE, 0) == 0 && ask(1, LOAD, WINDOW) == 2);
		check(sbi(RFENCE, remote->function, 2, ID_STEP, 0, 0, 0).error == INVALID_PARAM);
		check(ask(1, USE, 0) == 0);
	}
}

/* The hart that has changed an entry owes the fences of all that may have cached it, and no other hart does. */
void witness_of_harts(void)
{
	for (unsigned fenced = 0; fenced < 2; fenced++) {
		uint64_t *slot;

		start_all();
		begin_witnessed();
		slot = used_page(RW);
		check(ask(1, USE, satp_of(root, 0)) == 0 && ask(1, LOAD, WINDOW) == 1);
		*slot = 0;
		fence_va(WINDOW);
		if (fenced)
			(void)sbi(RFENCE, 1, 1, ID_STEP, WINDOW, PAGE_SIZE, 0);
		check(found() == !fenced);
		(void)sbi(RFENCE, 1, ALL_HARTS, 0, 0, 0);
		slot = used_page(RW);
		check(ask(1, CLEAR, (uint64_t)slot) == 0);
		check(found() == 0);
		(void)sbi(RFENCE, 1, ALL_HARTS, 0, 0, 0);
		check(ask(1, USE, 0) == 0);
	}
}

/* The second hart gets the tables and loses them again, with these masks: how many findings are there? */
static uint64_t found_of_masks(uint64_t *mask, uint64_t at_first, uint64_t at_last)
{
	uint64_t before = findings();

	*mask = at_first;
	check(ask(1, USE, satp_of(root, 0)) == 0);
	*mask = at_last;
	check(ask(1, USE, 0) == 0);
	return findings() - before;
}

/* A hart has tables in satp only while its bit is set, from before the write of satp to behind the next one. */
void masks_of_harts(void)
{
	static uint64_t mask, none;
	const uint64_t bit = 1ul << 3, others = ~bit;

	start_all();
	begin();
	check(answer(STRICT, 4, (uint64_t)root, (uint64_t)&mask) == 0);
	check(found_of_masks(&mask, 0, 0) == 0); /* nobody knows its bit */
	check(ask(1, TELL_BIT, 3) == 0);
	check(found_of_masks(&mask, bit, bit) == 0);
	check(found_of_masks(&mask, others, bit) == 1);
	check(found_of_masks(&mask, bit, others) == 1);
	check(found_of_masks(&mask, 0, 0) == 2);
	check(answer(STRICT, 4, (uint64_t)root, (uint64_t)&none) == 0);
	check(found_of_masks(&mask, bit, bit) == 2);
	check(answer(STRICT, 4, (uint64_t)root, 0) == 0);
	check(found_of_masks(&mask, 0, 0) == 0);
}

void watch_bad_deed(unsigned deed)
{
	start_all();
	tell(1, DO_BADLY, deed);
	for (unsigned i = 0; i < 20; i++) {
		begin();
		for (uint64_t value = 1; value < 3; value++) {
			map(WINDOW, page_of(value), RW);
			fence_va(WINDOW);
			check(load(WINDOW) == value);
		}
		pause();
	}
	check(is_busy(1) && boxes[1].argument == deed);
}

/* Each hart has two contexts of the PLIC, of which the second is for supervisors. */
static void contexts_in_the_tree(const struct dt *dt, const uint64_t *phandles)
{
	uint32_t length, pair[2];
	dt_node node = dt_path(dt, "/soc/plic@c000000");

	check(dt_prop(dt, node, "interrupts-extended", &length) && length == NHARTS * 16);
	for (unsigned i = 0; i < 2 * NHARTS; i++) {
		check(dt_cell(dt, node, "interrupts-extended", 2 * i, &pair[0]) == 0);
		check(dt_cell(dt, node, "interrupts-extended", 2 * i + 1, &pair[1]) == 0);
		check(pair[0] == phandles[i / 2] && pair[1] == (i % 2 ? 9 : 11));
	}
}

/* A node for each, with its id and an interrupt controller of its own. */
void harts_in_the_tree(void)
{
	uint64_t seen = 0, phandles[NHARTS];
	unsigned n = 0;
	dt_node node, below;
	struct dt dt;

	check(dt_init(&dt, (const void *)device_tree, ~0u >> 1, NULL) == 0);
	dt_for_each_child(node, &dt, dt_path(&dt, "/cpus"))
	{
		uint32_t length;
		const uint8_t *id = dt_prop(&dt, node, "reg", &length);
		char name[16];

		if (!id || length != 4 || n == NHARTS)
			continue;
		ksnprintf(name, sizeof(name), "cpu@%x", id[3]);
		check(strcmp(dt_name(&dt, node), name) == 0);
		seen += id[3];
		dt_for_each_child(below, &dt, node)
		{
			const uint8_t *phandle = dt_prop(&dt, below, "phandle", &length);

			check(phandle && length == 4);
			if (phandle)
				phandles[n] = (uint64_t)phandle[2] << 8 | phandle[3];
		}
		n++;
	}
	check(n == NHARTS && seen == (0 + 1 + 2 + 3) * ID_STEP);
	for (unsigned i = 1; i < n; i++)
		for (unsigned j = 0; j < i; j++)
			check(phandles[i] != phandles[j]);
	contexts_in_the_tree(&dt, phandles);
}
