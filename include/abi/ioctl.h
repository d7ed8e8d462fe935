/* SPDX-License-Identifier: MIT */
/* The Linux layer's: requests of ioctl, and the kernel's struct termios (riscv64: asm-generic). */
#pragma once

#include <stdint.h>

#define TCGETS	   0x5401
#define TCSETS	   0x5402
#define TCSETSW	   0x5403
#define TCSETSF	   0x5404
#define TCSBRK	   0x5409
#define TCXONC	   0x540A
#define TCFLSH	   0x540B
#define TIOCEXCL   0x540C
#define TIOCNXCL   0x540D
#define TIOCSCTTY  0x540E
#define TIOCGPGRP  0x540F
#define TIOCSPGRP  0x5410
#define TIOCOUTQ   0x5411
#define TIOCSTI	   0x5412
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD   0x541B
#define FIONBIO	   0x5421
#define TIOCNOTTY  0x5422
#define TIOCSETD   0x5423
#define TIOCGETD   0x5424
#define TCSBRKP	   0x5425
#define TIOCSBRK   0x5427
#define TIOCCBRK   0x5428
#define TIOCGSID   0x5429
#define TIOCGEXCL  0x80045440
#define FIONCLEX   0x5450
#define FIOCLEX	   0x5451
#define FIOASYNC   0x5452
#define FIOQSIZE   0x5460

/* Of pseudo-terminals. */
#define TIOCPKT	    0x5420
#define TIOCGPTN    0x80045430
#define TIOCSPTLCK  0x40045431
#define TIOCSIG	    0x40045436
#define TIOCGPKT    0x80045438
#define TIOCGPTLCK  0x80045439
#define TIOCGPTPEER 0x5441

/* What the first byte says that a master with TIOCPKT reads; 0: bytes follow. */
#define TIOCPKT_FLUSHREAD  1
#define TIOCPKT_FLUSHWRITE 2
#define TIOCPKT_STOP	   4
#define TIOCPKT_START	   8
#define TIOCPKT_NOSTOP	   16
#define TIOCPKT_DOSTOP	   32

/* Of all files. */
#define FIGETBSZ      0x2
#define FIFREEZE      0xC0045877
#define FITHAW	      0xC0045878
#define FICLONE	      0x40049409
#define FICLONERANGE  0x4020940D
#define FS_IOC_FIEMAP 0xC020660B

/* Of sockets, about interfaces. */
#define SIOCGIFNAME 0x8910
#define SIOCGIFCONF 0x8912
#define SIOCGMIIREG 0x8948
#define SIOCGIFMAP  0x8970

struct abi_ifconf {
	int32_t len;
	uint32_t pad0;
	uint64_t buf;
};

struct abi_clone_range {
	int64_t fd;
	uint64_t from, length, to;
};

/* TCXONC */
#define TCOOFF 0
#define TCOON  1
#define TCIOFF 2
#define TCION  3

#define N_TTY 0 /* the line discipline that there is */

#define TCGETS2	 0x802C542A
#define TCSETS2	 0x402C542B
#define TCSETSW2 0x402C542C
#define TCSETSF2 0x402C542D

struct abi_winsize {
	uint16_t rows;
	uint16_t cols;
	uint16_t xpixel;
	uint16_t ypixel;
};

#define NCCS 19

struct abi_termios {
	uint32_t c_iflag;
	uint32_t c_oflag;
	uint32_t c_cflag;
	uint32_t c_lflag;
	uint8_t c_line;
	uint8_t c_cc[NCCS];
};

_Static_assert(sizeof(struct abi_termios) == 36, "as in the ABI");

/* struct abi_termios with speeds, for the requests whose names end in 2. */
struct abi_termios2 {
	struct abi_termios termios;
	uint32_t c_ispeed; /* in bits per second */
	uint32_t c_ospeed;
};

_Static_assert(sizeof(struct abi_termios2) == 44, "as in the ABI");

/* Indices in c_cc. */
#define VINTR	 0
#define VQUIT	 1
#define VERASE	 2
#define VKILL	 3
#define VEOF	 4
#define VTIME	 5
#define VMIN	 6
#define VSWTC	 7
#define VSTART	 8
#define VSTOP	 9
#define VSUSP	 10
#define VEOL	 11
#define VREPRINT 12
#define VDISCARD 13
#define VWERASE	 14
#define VLNEXT	 15
#define VEOL2	 16

/* c_iflag */
#define IGNBRK	0000001
#define BRKINT	0000002
#define IGNPAR	0000004
#define PARMRK	0000010
#define INPCK	0000020
#define ISTRIP	0000040
#define INLCR	0000100
#define IGNCR	0000200
#define ICRNL	0000400
#define IUCLC	0001000
#define IXON	0002000
#define IXANY	0004000
#define IXOFF	0010000
#define IMAXBEL 0020000
#define IUTF8	0040000

/* c_oflag */
#define OPOST  0000001
#define OLCUC  0000002
#define ONLCR  0000004
#define OCRNL  0000010
#define ONOCR  0000020
#define ONLRET 0000040

/* c_cflag */
#define CBAUD	0010017
#define B9600	0000015
#define B38400	0000017
#define B115200 0010002
#define CSIZE	0000060
#define CS7	0000040
#define CS8	0000060
#define CSTOPB	0000100
#define CREAD	0000200
#define PARENB	0000400
#define PARODD	0001000
#define HUPCL	0002000
#define CLOCAL	0004000

/* c_lflag */
#define ISIG	0000001
#define ICANON	0000002
#define ECHO	0000010
#define ECHOE	0000020
#define ECHOK	0000040
#define ECHONL	0000100
#define NOFLSH	0000200
#define TOSTOP	0000400
#define ECHOCTL 0001000
#define ECHOPRT 0002000
#define ECHOKE	0004000
#define FLUSHO	0010000
#define PENDIN	0040000
#define IEXTEN	0100000

/* The argument of TCFLSH. */
#define TCIFLUSH  0
#define TCOFLUSH  1
#define TCIOFLUSH 2
