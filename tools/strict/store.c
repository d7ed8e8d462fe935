/* SPDX-License-Identifier: MIT */
/* Decodes and makes stores: of integer registers, compressed ones, and AMO (unprivileged spec, chapters 2, 8, 16). */
#include "store.h"

#include "insn.h"

/* Compressed stores of a register x8 to x15, and those relative to sp of any. */
#define C_QUADRANT(insn)  ((insn)&3)
#define C_FUNCT3(insn)	  ((insn) >> 13 & 7)
#define C_RS2_SHORT(insn) (8 + ((insn) >> 2 & 7))
#define C_RS2(insn)	  ((insn) >> 2 & 31)
#define C_SW		  6
#define C_SD		  7

static struct store compressed(uint32_t insn, const struct frame *frame)
{
	unsigned funct3 = C_FUNCT3(insn);
	struct store store = { 0 };

	if (funct3 != C_SW && funct3 != C_SD)
		return store;
	if (C_QUADRANT(insn) == 0)
		store.value = frame->x[C_RS2_SHORT(insn)];
	else if (C_QUADRANT(insn) == 2)
		store.value = frame->x[C_RS2(insn)];
	else
		return store;
	store.size = funct3 == C_SW ? 4 : 8;
	return store;
}

struct store store_decode(uint32_t insn, const struct frame *frame)
{
	struct store store = { 0 };

	if ((insn & 3) != 3)
		return compressed(insn, frame);
	if (OPCODE(insn) == OPCODE_STORE && FUNCT3(insn) < 4) {
		store.size = 1u << FUNCT3(insn);
		store.value = frame->x[RS2(insn)];
	} else if (OPCODE(insn) == OPCODE_AMO && (FUNCT3(insn) == 2 || FUNCT3(insn) == 3) &&
		   FUNCT5(insn) != FUNCT5_LR) {
		store.size = 1u << FUNCT3(insn);
		store.amo = insn;
	}
	return store;
}

static uint64_t read(uint64_t address, unsigned size)
{
	return size == 8 ? *(volatile uint64_t *)address
			 : (uint64_t)(int64_t) * (volatile int32_t *)address;
}

static void write(uint64_t address, unsigned size, uint64_t value)
{
	switch (size) {
	case 1:
		*(volatile uint8_t *)address = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)address = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)address = (uint32_t)value;
		break;
	case 8:
		*(volatile uint64_t *)address = value;
		break;
	}
}

enum amo {
	AMO_ADD,
	AMO_SWAP,
	AMO_SC = 3,
	AMO_XOR,
	AMO_OR = 8,
	AMO_AND = 12,
	AMO_MIN = 16,
	AMO_MAX = 20,
	AMO_MINU = 24,
	AMO_MAXU = 28
};

/* Operands of four bytes are sign-extended, so that signed and unsigned order are those of eight bytes. */
static uint64_t amo_result(enum amo amo, uint64_t old, uint64_t operand)
{
	switch (amo) {
	case AMO_ADD:
		return old + operand;
	case AMO_SWAP:
	case AMO_SC:
		return operand;
	case AMO_XOR:
		return old ^ operand;
	case AMO_OR:
		return old | operand;
	case AMO_AND:
		return old & operand;
	case AMO_MIN:
		return (int64_t)old < (int64_t)operand ? old : operand;
	case AMO_MAX:
		return (int64_t)old > (int64_t)operand ? old : operand;
	case AMO_MINU:
		return old < operand ? old : operand;
	case AMO_MAXU:
		return old > operand ? old : operand;
	}
	return old;
}

void store_make(const struct store *store, uint64_t address, struct frame *frame)
{
	enum amo amo;
	uint64_t old, operand;

	if (!store->amo) {
		write(address, store->size, store->value);
		return;
	}
	amo = (enum amo)FUNCT5(store->amo);
	old = read(address, store->size);
	operand = frame->x[RS2(store->amo)];
	if (store->size == 4)
		operand = (uint64_t)(int64_t)(int32_t)operand;
	write(address, store->size, amo_result(amo, old, operand));
	frame->x[RD(store->amo)] = amo == AMO_SC ? 0 : old;
	frame->x[0] = 0;
}
