/* SPDX-License-Identifier: MIT */
/* Traps: what the firmware does for the kernel, and what the kernel gets as its own. */
#include "harts.h"
#include "insn.h"
#include "options.h"
#include "shadow.h"
#include "strict.h"
#include "witness.h"

static enum privilege interrupted(void)
{
	return (enum privilege)((csr_read(mstatus) & MSTATUS_MPP) >> MSTATUS_MPP_SHIFT);
}

void redirect(uint64_t cause, uint64_t tval)
{
	uint64_t status = csr_read(mstatus),
		 next = status & ~(MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_MPP);

	if (status & MSTATUS_SIE)
		next |= MSTATUS_SPIE;
	if (interrupted() == SUPERVISOR)
		next |= MSTATUS_SPP;
	csr_write(mstatus, next | (uint64_t)SUPERVISOR << MSTATUS_MPP_SHIFT);
	csr_write(scause, cause);
	csr_write(stval, tval);
	csr_write(sepc, csr_read(mepc));
	csr_write(mepc, csr_read(stvec) & ~3ul);
}

static void skip_instruction(void)
{
	csr_write(mepc, csr_read(mepc) + 4);
}

/* ---- instructions ---- */

/* Returns the instruction at mepc, or 0 if it can't be read. */
static uint32_t fetch(void)
{
	uint64_t pc = csr_read(mepc);
	uint16_t low, high = 0;

	if (!shadow_fetch(pc, interrupted(), &low))
		return 0;
	if ((low & 3) == 3 && !shadow_fetch(pc + 2, interrupted(), &high))
		return 0;
	return (uint32_t)high << 16 | low;
}

/* The bits of an ASID that there are. */
static uint64_t asid_mask(void)
{
	return (1ul << options.asid_bits) - 1;
}

/* A mode that there is not leaves satp as it was. */
static void satp_write(uint64_t value)
{
	value &= ~((0xfffful & ~asid_mask()) << 44);
	if (satp_mode(value) != SATP_BARE && satp_mode(value) != SATP_SV39)
		return;
	mask_look();
	shadow_leave();
	running->satp = value;
	shadow_switch(value);
	witness_switch();
	mask_look();
}

/* CSRRW, CSRRS, CSRRC and their immediate forms. Returns false if it is none of them. */
static bool emulate_satp(struct frame *frame, uint32_t insn)
{
	uint64_t before = running->satp,
		 operand = FUNCT3(insn) & 4 ? RS1(insn) : frame->x[RS1(insn)];

	switch (FUNCT3(insn) & 3) {
	case 1:
		satp_write(operand);
		break;
	case 2:
		if (RS1(insn))
			satp_write(before | operand);
		break;
	case 3:
		if (RS1(insn))
			satp_write(before & ~operand);
		break;
	default:
		return false;
	}
	frame->x[RD(insn)] = before;
	frame->x[0] = 0;
	return true;
}

/* SRET (privileged spec, 3.3.2). mepc is changed. */
static void emulate_sret(void)
{
	uint64_t status = csr_read(mstatus), next;

	if (!(status & MSTATUS_SPP))
		witness_return();
	next = csr_read(mstatus) & ~(MSTATUS_SIE | MSTATUS_SPP | MSTATUS_MPP);
	if (status & MSTATUS_SPIE)
		next |= MSTATUS_SIE;
	if (status & MSTATUS_SPP)
		next |= (uint64_t)SUPERVISOR << MSTATUS_MPP_SHIFT;
	csr_write(mstatus, next | MSTATUS_SPIE);
	csr_write(mepc, csr_read(sepc));
}

static bool emulate(struct frame *frame, uint32_t insn)
{
	if (interrupted() != SUPERVISOR)
		return false;
	if ((insn & FENCE_FIXED) == SFENCE_VMA || (insn & FENCE_FIXED) == SINVAL_VMA) {
		shadow_fence(running, RS1(insn) ? frame->x[RS1(insn)] : ALL_ADDRESSES,
			     RS2(insn) ? frame->x[RS2(insn)] & asid_mask() : ALL_ASIDS);
		return true;
	}
	if (insn == INSN_FENCE_TRAP) {
		asm volatile("fence.i" ::: "memory");
		witness_fence_i(running);
		return true;
	}
	if (insn == INSN_WFI) {
		hart_wait(HART_STARTED);
		return true;
	}
	return OPCODE(insn) == OPCODE_SYSTEM && CSR_OF(insn) == CSR_SATP &&
	       emulate_satp(frame, insn);
}

/* A read of instret, and a hint, where instructions are counted for each hart. */
static bool emulate_counted(struct frame *frame, uint32_t insn)
{
	if (insn == INSN_PAUSE_TRAP && interrupted() == SUPERVISOR) {
		hart_pause();
		return true;
	}
	if (OPCODE(insn) != OPCODE_SYSTEM || CSR_OF(insn) != CSR_INSTRET || FUNCT3(insn) != 2 ||
	    RS1(insn))
		return false;
	frame->x[RD(insn)] = running->instructions;
	frame->x[0] = 0;
	return true;
}

static void illegal_instruction(struct frame *frame)
{
	uint64_t tval = csr_read(mtval);
	uint32_t insn = tval ? (uint32_t)tval : fetch();

	if (insn == INSN_SRET && interrupted() == SUPERVISOR)
		emulate_sret();
	else if (emulate(frame, insn) || (options.count && emulate_counted(frame, insn)))
		skip_instruction();
	else
		redirect(ILLEGAL_INSTRUCTION, tval);
}

/* ---- page faults ---- */

/* QEMU reports an AMO that finds no page as a load. The specification has it as a store (3.1.15). */
static bool is_store(void)
{
	uint32_t insn = fetch();

	return OPCODE(insn) == OPCODE_AMO && FUNCT5(insn) != FUNCT5_LR;
}

static void page_fault(struct frame *frame, uint64_t cause)
{
	uint64_t va = csr_read(mtval);
	enum access access = cause == FETCH_PAGE ? EXECUTE : cause == LOAD_PAGE ? READ : WRITE;
	enum shadow_fault fault = shadow_fault(va, access, interrupted());

	if (fault == SHADOW_FILLED)
		return;
	if (fault == SHADOW_WATCHED) {
		witness_store(fetch(), frame, va);
		return;
	}
	if (cause == LOAD_PAGE && is_store())
		cause = STORE_PAGE;
	if (fault == SHADOW_ACCESS_FAULT)
		cause = cause == FETCH_PAGE  ? FETCH_ACCESS
			: cause == LOAD_PAGE ? LOAD_ACCESS
					     : STORE_ACCESS;
	redirect(cause, va);
}

/* ---- all of them ---- */

void trap(struct frame *frame)
{
	uint64_t cause = csr_read(mcause);

	frame->x[0] = 0;
	if (interrupted() == MACHINE)
		firmware_panic("a trap", csr_read(mepc));
	switch (cause) {
	case CAUSE_INTERRUPT | 7:
		timer_due();
		break;
	case CAUSE_INTERRUPT | 9:
		device_due();
		break;
	case ILLEGAL_INSTRUCTION:
		illegal_instruction(frame);
		break;
	case FETCH_PAGE:
	case LOAD_PAGE:
	case STORE_PAGE:
		page_fault(frame, cause);
		break;
	case ECALL_FROM_SUPERVISOR:
		skip_instruction();
		sbi_call(frame);
		break;
	case FETCH_MISALIGNED:
	case FETCH_ACCESS:
	case BREAKPOINT:
	case LOAD_MISALIGNED:
	case LOAD_ACCESS:
	case STORE_MISALIGNED:
	case STORE_ACCESS:
		redirect(cause, csr_read(mtval));
		break;
	default:
		firmware_panic("a trap that is not the firmware's", cause);
	}
	shadow_age();
	harts_switch(frame, cause == (CAUSE_INTERRUPT | 7));
}

/* Those between the two reads of the counter in start.S which are not the hart's. */
#define TRAP_INSNS 38u

uint64_t counted_from;

void trap_counted(struct frame *frame)
{
	running->instructions += frame->x[0] - counted_from - TRAP_INSNS;
	trap(frame);
}
