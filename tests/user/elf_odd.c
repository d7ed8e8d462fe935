/* SPDX-License-Identifier: MIT */
/* R52 R70 R71 R73: odd but legal images. Each exits with a number that shows that it was loaded as
 * it says. */
#include "elf_make.h"

static void word(size_t at, uint32_t value)
{
	memcpy(img.bytes + at, &value, sizeof(value));
	if (img.size < at + 4)
		img.size = at + 4;
}

/* Data at an offset that is no multiple of the page, at an address congruent to it. */
static void unaligned(void)
{
	word(0x1234, 11);
	img.size = 0x1300;
	segment(1, PF_R | PF_W, 0x1234, BASE + 0x3234, 0x80, 0x2000);
	put_exit_with(CODE, BASE + 0x3234);
}

/* What comes before a segment in its first page is the file's, as the whole page is mapped. */
static void head_of_page(void)
{
	unaligned();
	word(0x1100, 12);
	put_exit_with(CODE, BASE + 0x3100);
}

/* The tail of the last file page is zero, though the file goes on. */
static void tail_is_zero(void)
{
	unaligned();
	word(0x12c0, 99);
	put_exit_with(CODE, BASE + 0x32c0);
}

static void far_bss(void)
{
	unaligned();
	put_exit_with(CODE, BASE + 0x5200);
}

/* Text and data in one page of the file, mapped twice. */
static void one_page_twice(void)
{
	word(CODE + 0x100, 13);
	img.size = 0x400;
	img.ph[0].p_filesz = img.ph[0].p_memsz = CODE + 0x40;
	segment(1, PF_R | PF_W, CODE + 0x100, BASE + PAGE + CODE + 0x100, 0x40, 0x40);
	put_exit_with(CODE, BASE + PAGE + CODE + 0x100);
}

static void bss_only(void)
{
	segment(1, PF_R | PF_W, 0, BASE + 8 * PAGE, 0, 3 * PAGE);
	put_exit_with(CODE, BASE + 10 * PAGE);
}

static void empty_segment(void)
{
	segment(1, PF_R | PF_W, 0, BASE + 8 * PAGE, 0, 0);
}

/* Gap between the segments of many pages. */
static void far_apart(void)
{
	word(0x1010, 14);
	segment(1, PF_R, 0x1000, BASE + GIB / 2, 0x20, 0x20);
	put_exit_with(CODE, BASE + GIB / 2 + 0x10);
}

/* The code lies in a segment of its own, whose last instruction ends with the file. */
static void no_tail(void)
{
	memcpy(img.bytes + 0x2000 - 6, exit_42, sizeof(exit_42));
	img.size = 0x2000 - 6 + sizeof(exit_42);
	segment(1, PF_R | PF_X, 0x1000, BASE + PAGE, img.size - 0x1000, img.size - 0x1000);
	img.eh.e_entry = BASE + 0x2000 - 6;
}

static void position_independent(void)
{
	img.eh.e_type = ET_DYN;
	img.eh.e_entry = CODE;
	img.ph[0].p_vaddr = img.ph[0].p_paddr = 0;
}

/* Exits with bits 12 to 15 of the address of its code. */
static void position_modulo_64_kib(void)
{
	static const uint32_t code[] = {
		0x00000517, /* auipc a0, 0 */
		0x00c55513, /* srli a0, a0, 12 */
		0x00f57513, /* andi a0, a0, 15 */
		0x05e00893, 0x00000073,
	};

	position_independent();
	memcpy(img.bytes + CODE, code, sizeof(code));
}

static void stack_flags(int flags)
{
	img.ph[1] = (Elf64_Phdr){ PT_GNU_STACK, (uint32_t)flags, 0, 0, 0, 0, 0, 16 };
	img.eh.e_phnum = 2;
}

/* sp points to executable memory or not: jumps to a `c.jr ra` pushed there. */
static void jump_to_stack(int flags)
{
	static const uint32_t code[] = {
		0x000082b7,			    /* lui t0, 8 */
		0x0822829b,			    /* addiw t0, t0, 0x082: c.jr ra */
		0xfe511823,			    /* sh t0, -16(sp) */
		0x0000100f,			    /* fence.i */
		0xff010313,			    /* addi t1, sp, -16 */
		0x000300e7,			    /* jalr ra, t1 */
		0x02b00513, 0x05e00893, 0x00000073, /* exit_group(43) */
	};

	memcpy(img.bytes + CODE, code, sizeof(code));
	stack_flags(flags);
}

int main(void)
{
	CASE("unaligned offset and address", unaligned());
	CASE("file bytes before the segment", head_of_page());
	CASE("zeros behind it", tail_is_zero());
	CASE("zeros far behind it", far_bss());
	CASE("one page of the file twice", one_page_twice());
	CASE("a segment of BSS only", bss_only());
	CASE("an empty segment", empty_segment());
	CASE("half a GiB apart", far_apart());
	CASE("code over a page's end, to the file's end", no_tail());
	CASE("position independent", position_independent());
	CASE("no ELF version in the header", img.eh.e_version = 0);
	CASE("unknown segment type",
	     (img.ph[1] = (Elf64_Phdr){ 0x6fedcba0, 7, -1ul, -1ul, -1ul, -1ul, -1ul, 3 },
	      img.eh.e_phnum = 2));
	CASE("odd OS ABI and flags",
	     (img.eh.e_ident[EI_OSABI] = 0xaa, img.eh.e_flags = 0xffffffff));
	CASE("section headers nowhere", (img.eh.e_shoff = -1ul, img.eh.e_shnum = 0xffff));
	CASE("writable and executable", img.ph[0].p_flags = PF_R | PF_W | PF_X);
	CASE("execute only", img.ph[0].p_flags = PF_X);
	CASE("alignment of 0", img.ph[0].p_align = 0);
	CASE("alignment of 3", img.ph[0].p_align = 3);
	for (int bit = 12; bit < 64; bit += 4)
		CASE("position independent, greatly aligned",
		     (position_independent(), img.ph[0].p_align = 1ul << bit));
	CASE("position independent, aligned to 64 KiB",
	     (position_modulo_64_kib(), img.ph[0].p_align = 16 * PAGE));
	CASE("as many program headers as fit a page", headers(73));
	CASE("stack that may not run", jump_to_stack(PF_R | PF_W));
	CASE("stack that may", jump_to_stack(PF_R | PF_W | PF_X));
	return 0;
}
