/* SPDX-License-Identifier: MIT */
/* Sets the machine up, and starts the kernel. */
#include "lib/bits.h"
#include "lib/fdt.h"
#include "lib/string.h"
#include "options.h"
#include "pte.h"
#include "shadow.h"
#include "strict.h"
#include "witness.h"

/* What QEMU says of the kernel, as to OpenSBI's fw_dynamic. */
struct boot_info {
	uint64_t magic;
	uint64_t version;
	uint64_t next_address;
	uint64_t next_mode;
};

#define BOOT_INFO_MAGIC 0x4942534ful

uint64_t ram_end;

/* ---- the device tree, which is changed in place ---- */

static void put_number(uint8_t *to, uint64_t number)
{
	for (unsigned i = 0; i < 8; i++)
		to[i] = (uint8_t)(number >> 8 * (7 - i));
}

/* The kernel's memory begins behind the firmware's. */
static void hide_firmware(const struct dt *dt)
{
	for (dt_node node = dt_root(dt); node >= 0; node = dt_next(dt, node)) {
		const char *type = dt_string(dt, node, "device_type");
		uint64_t address, size;
		uint32_t length;
		uint8_t *reg;

		if (!type || strcmp(type, "memory") != 0 ||
		    dt_reg(dt, node, 0, &address, &size) != 0 ||
		    address != (uint64_t)firmware_start)
			continue;
		reg = (uint8_t *)dt_prop(dt, node, "reg", &length);
		if (length != 16 || size < 2 * (KERNEL_RAM - address))
			break;
		ram_end = address + size;
		put_number(reg, KERNEL_RAM);
		put_number(reg + 8, ram_end - KERNEL_RAM);
		return;
	}
	firmware_panic("the device tree has no memory like that of QEMU's virt",
		       (uint64_t)dt->blob);
}

/* Removes a text from a property, whose end is then filled with zeros. */
static void remove_text(const struct dt *dt, dt_node node, const char *property, const char *text)
{
	uint32_t length, n = (uint32_t)strlen(text);
	char *data = (char *)dt_prop(dt, node, property, &length);

	for (uint32_t i = 0; data && i + n <= length; i++)
		if (memcmp(data + i, text, n) == 0) {
			memmove(data + i, data + i + n, length - i - n);
			memset(data + length - n, 0, n);
			return;
		}
}

/* stimecmp traps. As the extension is optional, kernels set timers by the SBI where it is missing. */
static void hide_sstc(const struct dt *dt)
{
	for (dt_node node = dt_root(dt); node >= 0; node = dt_next(dt, node)) {
		remove_text(dt, node, "riscv,isa", "_sstc");
		remove_text(dt, node, "riscv,isa-extensions", "sstc");
	}
}

/* ---- protection ---- */

#define PMP_READ	   1ul
#define PMP_ALL		   7ul
#define PMP_TOR		   (1ul << 3)
#define PMP_ENTRY(n, what) ((what) << 8 * (n))

/*
 * S-mode has no access to the firmware, and may read shadow tables: the walk reads them as S-mode
 * does. Where the page tables' first level maps a superpage over all, the machine checks this, too.
 */
static void protect(void)
{
	csr_write(pmpaddr0, (uint64_t)firmware_start >> 2);
	csr_write(pmpaddr1, (uint64_t)pool_start >> 2);
	csr_write(pmpaddr2, (uint64_t)pool_end >> 2);
	csr_write(pmpaddr3, ~0ul >> 10);
	csr_write(pmpcfg0, PMP_ENTRY(0, PMP_TOR | PMP_ALL) | PMP_ENTRY(1, PMP_TOR) |
				   PMP_ENTRY(2, PMP_TOR | PMP_READ) |
				   PMP_ENTRY(3, PMP_TOR | PMP_ALL));
}

/* Misaligned accesses are delegated: QEMU makes those itself that OpenSBI would emulate. */
#define DELEGATED                                                                             \
	(BIT(FETCH_MISALIGNED) | BIT(FETCH_ACCESS) | BIT(BREAKPOINT) | BIT(LOAD_MISALIGNED) | \
	 BIT(LOAD_ACCESS) | BIT(STORE_MISALIGNED) | BIT(STORE_ACCESS) | BIT(ECALL_FROM_USER))

void firmware_main(uint64_t id, uint8_t *tree, const struct boot_info *info, struct frame *frame);

void firmware_main(uint64_t id, uint8_t *tree, const struct boot_info *info, struct frame *frame)
{
	struct dt dt;
	const char *why;

	if (info->magic != BOOT_INFO_MAGIC)
		firmware_panic("no kernel: start QEMU with -bios and -kernel", (uint64_t)info);
	if (dt_init(&dt, tree, ~0u >> 1, &why) != 0)
		firmware_panic(why, (uint64_t)tree);
	hart.id = id;
	options_read();
	hide_firmware(&dt);
	hide_sstc(&dt);
	shadow_init();
	witness_init();
	protect();
	say("strict: hart %lu, %lu MiB of memory for the kernel at %#lx\n", id,
	    (ram_end - KERNEL_RAM) >> 20, KERNEL_RAM);
	options_say();
	csr_write(medeleg, DELEGATED);
	csr_write(mideleg, IRQ_SSI | IRQ_STI | IRQ_SEI);
	csr_write(mcounteren, 7);
	csr_write(scounteren, 7);
	csr_write(menvcfg, MENVCFG_CBO);
	csr_write(mie, 0);
	csr_write(stvec, info->next_address);
	csr_write(sie, 0);
	csr_write(satp, 0);
	csr_write(mepc, info->next_address);
	csr_write(mstatus, (csr_read(mstatus) & ~(MSTATUS_MPP | MSTATUS_SIE)) | MSTATUS_TVM |
				   MSTATUS_FS | (uint64_t)SUPERVISOR << MSTATUS_MPP_SHIFT);
	memset(frame, 0, sizeof(*frame));
	frame->x[10] = id;
	frame->x[11] = (uint64_t)tree;
}
