// Package runproto is the wire format between `galago run` on the host and `/sbin/init run` in the guest.
//
// Both directions carry frames: one byte of type, a little-endian 32-bit length of at most MaxPayload, the payload.
// The guest says Ready once and first; the host answers with Command; then output, input, signals flow until the
// guest sends Exit. A Conn reads on one goroutine and writes on any number of them.
package runproto

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// MaxPayload is the largest payload of a frame.
const MaxPayload = 65536

// Type is the first byte of a frame.
type Type byte

// Frame types, guest to host.
const (
	Ready  Type = 'R' // empty; sent once, first
	Stdout Type = 'O'
	Stderr Type = 'E'
	Exit   Type = 'X' // 32-bit little-endian shell status
)

// Frame types, host to guest.
const (
	Command  Type = 'C' // see EncodeCommand
	Stdin    Type = 'I'
	StdinEOF Type = 'Z'
	Signal   Type = 'S' // one byte: the signal number
	Winsize  Type = 'W' // u16 rows, u16 columns
)

// ErrMalformed is wrapped by every error about what the peer sent.
var ErrMalformed = errors.New("malformed frame")

// Conn frames a byte stream.
type Conn struct {
	r   *bufio.Reader
	mu  sync.Mutex // serialises frames; guards w
	w   io.Writer
	buf [MaxPayload]byte // payload of the last frame read
}

// New frames rw.
func New(rw io.ReadWriter) *Conn {
	return &Conn{r: bufio.NewReaderSize(rw, 32<<10), w: rw}
}

// Read returns the next frame. The payload is valid until the next Read. At the end of the stream the error is
// io.EOF between frames and io.ErrUnexpectedEOF within one.
func (c *Conn) Read() (Type, []byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(c.r, head[:1]); err != nil {
		return 0, nil, err
	}
	if _, err := io.ReadFull(c.r, head[1:]); err != nil {
		return 0, nil, noEOF(err)
	}
	n := binary.LittleEndian.Uint32(head[1:])
	if n > MaxPayload {
		return 0, nil, fmt.Errorf("%w: type %q with %d bytes", ErrMalformed, head[0], n)
	}
	if _, err := io.ReadFull(c.r, c.buf[:n]); err != nil {
		return 0, nil, noEOF(err)
	}
	return Type(head[0]), c.buf[:n], nil
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Write sends one frame as one write.
func (c *Conn) Write(t Type, payload []byte) error {
	if len(payload) > MaxPayload {
		return fmt.Errorf("%w: %d bytes", ErrMalformed, len(payload))
	}
	b := make([]byte, 5, 5+len(payload))
	b[0] = byte(t)
	binary.LittleEndian.PutUint32(b[1:], uint32(len(payload)))
	b = append(b, payload...)
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.w.Write(b)
	return err
}

// ExitStatus decodes the payload of an Exit frame.
func ExitStatus(p []byte) (int, error) {
	if len(p) != 4 {
		return 0, fmt.Errorf("%w: exit status of %d bytes", ErrMalformed, len(p))
	}
	return int(binary.LittleEndian.Uint32(p)), nil
}

// EncodeExit is the inverse of ExitStatus.
func EncodeExit(status int) []byte {
	return binary.LittleEndian.AppendUint32(nil, uint32(status))
}

// EncodeWinsize encodes a Winsize payload.
func EncodeWinsize(rows, cols uint16) []byte {
	return binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, rows), cols)
}

// Cmd is what the guest shall run.
type Cmd struct {
	Dir       string
	Args, Env []string
}

// Encode makes the payload of a Command frame: u16 argc, u16 envc, then the NUL-terminated directory, arguments
// and environment.
func (c Cmd) Encode() ([]byte, error) {
	if len(c.Args) == 0 || len(c.Args) > 0xffff || len(c.Env) > 0xffff {
		return nil, fmt.Errorf("a command of %d words and %d variables cannot be sent", len(c.Args), len(c.Env))
	}
	b := binary.LittleEndian.AppendUint16(nil, uint16(len(c.Args)))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(c.Env)))
	for _, list := range [][]string{{c.Dir}, c.Args, c.Env} {
		for _, s := range list {
			if strings.IndexByte(s, 0) >= 0 {
				return nil, fmt.Errorf("%q contains a NUL byte", s)
			}
			b = append(append(b, s...), 0)
		}
	}
	if len(b) > MaxPayload {
		return nil, fmt.Errorf("arguments and environment take %d bytes, more than %d", len(b), MaxPayload)
	}
	return b, nil
}

// DecodeCommand is the inverse of Encode.
func DecodeCommand(p []byte) (Cmd, error) {
	if len(p) < 4 {
		return Cmd{}, fmt.Errorf("%w: command of %d bytes", ErrMalformed, len(p))
	}
	argc, envc := int(binary.LittleEndian.Uint16(p)), int(binary.LittleEndian.Uint16(p[2:]))
	words := strings.Split(string(p[4:]), "\x00")
	if len(words) != 1+argc+envc+1 || words[len(words)-1] != "" || argc == 0 {
		return Cmd{}, fmt.Errorf("%w: command of %d+%d words", ErrMalformed, argc, envc)
	}
	return Cmd{Dir: words[0], Args: words[1 : 1+argc], Env: words[1+argc : 1+argc+envc]}, nil
}
