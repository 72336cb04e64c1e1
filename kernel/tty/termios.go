package tty

// Termios is struct termios2 of Linux/amd64 (asm-generic/termbits.h); its first 36 bytes are struct termios.
type Termios struct {
	Iflag, Oflag, Cflag, Lflag uint32
	Line                       uint8
	CC                         [19]uint8
	Ispeed, Ospeed             uint32
}

const oldTermiosSize = 36

// Winsize is struct winsize.
type Winsize struct{ Rows, Cols, Xpixel, Ypixel uint16 }

// Indexes of Termios.CC.
const (
	VINTR = iota
	VQUIT
	VERASE
	VKILL
	VEOF
	VTIME
	VMIN
	VSWTC
	VSTART
	VSTOP
	VSUSP
	VEOL
	VREPRINT
	VDISCARD
	VWERASE
	VLNEXT
	VEOL2
)

// Iflag bits.
const (
	IGNBRK  = 0o1
	BRKINT  = 0o2
	IGNPAR  = 0o4
	PARMRK  = 0o10
	INPCK   = 0o20
	ISTRIP  = 0o40
	INLCR   = 0o100
	IGNCR   = 0o200
	ICRNL   = 0o400
	IUCLC   = 0o1000
	IXON    = 0o2000
	IXANY   = 0o4000
	IXOFF   = 0o10000
	IMAXBEL = 0o20000
	IUTF8   = 0o40000
)

// Oflag bits.
const (
	OPOST  = 0o1
	OLCUC  = 0o2
	ONLCR  = 0o4
	OCRNL  = 0o10
	ONOCR  = 0o20
	ONLRET = 0o40
	TABDLY = 0o14000
	XTABS  = 0o14000
)

// Cflag bits.
const (
	CBAUD  = 0o10017
	BOTHER = 0o10000
	B38400 = 0o17
	CSIZE  = 0o60
	CS5    = 0
	CS6    = 0o20
	CS7    = 0o40
	CS8    = 0o60
	CSTOPB = 0o100
	CREAD  = 0o200
	PARENB = 0o400
	PARODD = 0o1000
	HUPCL  = 0o2000
	CLOCAL = 0o4000
	CMSPAR = 0o10000000000
)

// Lflag bits.
const (
	ISIG    = 0o1
	ICANON  = 0o2
	XCASE   = 0o4
	ECHO    = 0o10
	ECHOE   = 0o20
	ECHOK   = 0o40
	ECHONL  = 0o100
	NOFLSH  = 0o200
	TOSTOP  = 0o400
	ECHOCTL = 0o1000
	ECHOPRT = 0o2000
	ECHOKE  = 0o4000
	FLUSHO  = 0o10000
	PENDIN  = 0o40000
	IEXTEN  = 0o100000
	EXTPROC = 0o200000
)

// b115200 is the code of 115200 baud in CBAUD.
const b115200 = 0o10002

// defaultTermios is what a terminal starts with: Linux's tty_std_termios, at the serial console's speed.
var defaultTermios = Termios{
	Iflag: ICRNL | IXON,
	Oflag: OPOST | ONLCR,
	Cflag: b115200 | CS8 | CREAD | HUPCL | CLOCAL,
	Lflag: ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	CC: [19]uint8{VINTR: 'C' - 64, VQUIT: 28, VERASE: 127, VKILL: 'U' - 64, VEOF: 'D' - 64, VMIN: 1, VSTART: 'Q' - 64,
		VSTOP: 'S' - 64, VSUSP: 'Z' - 64, VREPRINT: 'R' - 64, VDISCARD: 'O' - 64, VWERASE: 'W' - 64, VLNEXT: 'V' - 64},
	Ispeed: 115200,
	Ospeed: 115200,
}

// baudRates maps the codes of CBAUD to bits a second: first 0…15, then 0o10001 on.
var (
	lowBauds  = [16]uint32{0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400}
	highBauds = [...]uint32{57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000,
		2500000, 3000000, 3500000, 4000000}
)

// Baud returns the output speed in bits a second; 0 means hang up.
func (t *Termios) Baud() uint32 {
	code := t.Cflag & CBAUD
	switch {
	case code < BOTHER:
		return lowBauds[code]
	case code == BOTHER:
		return t.Ospeed
	}
	return highBauds[code-BOTHER-1] // 15 codes, 15 entries
}

func (t *Termios) iflag(bits uint32) bool { return t.Iflag&bits != 0 }
func (t *Termios) oflag(bits uint32) bool { return t.Oflag&bits != 0 }
func (t *Termios) lflag(bits uint32) bool { return t.Lflag&bits != 0 }

// is tells whether c is the special character i. A zero disables it (_POSIX_VDISABLE).
func (t *Termios) is(c byte, i int) bool { return c != 0 && t.CC[i] == c }

// isExtended is is for the characters that need IEXTEN.
func (t *Termios) isExtended(c byte, i int) bool { return t.is(c, i) && t.lflag(IEXTEN) }
