package runproto

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

func TestFrames(t *testing.T) {
	var wire bytes.Buffer
	c := New(&wire)
	big := bytes.Repeat([]byte{0xa5}, MaxPayload)
	sent := []struct {
		t Type
		p []byte
	}{{Ready, nil}, {Stdout, []byte("hello\n")}, {Stderr, big}, {Exit, EncodeExit(137)}}
	for _, f := range sent {
		if err := c.Write(f.t, f.p); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Write(Stdout, append(big, 0)); !errors.Is(err, ErrMalformed) {
		t.Errorf("too long a payload: %v", err)
	}
	for i, f := range sent {
		typ, p, err := c.Read()
		if err != nil || typ != f.t || !bytes.Equal(p, f.p) {
			t.Errorf("frame %d: %q, %d bytes, %v", i, typ, len(p), err)
		}
		if typ == Exit {
			if n, err := ExitStatus(p); n != 137 || err != nil {
				t.Errorf("status %d, %v", n, err)
			}
		}
	}
	if _, _, err := c.Read(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestBadStream(t *testing.T) {
	for _, c := range []struct {
		name, wire string
		want       error
	}{
		{"end in header", "O\x01\x00", io.ErrUnexpectedEOF},
		{"end in payload", "O\x05\x00\x00\x00ab", io.ErrUnexpectedEOF},
		{"end before payload", "O\x05\x00\x00\x00", io.ErrUnexpectedEOF},
		{"too long", "O\x01\x00\x01\x00", ErrMalformed},
		{"absurd", "O\xff\xff\xff\xff", ErrMalformed},
	} {
		if _, _, err := New(bytes.NewBufferString(c.wire)).Read(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := ExitStatus([]byte{1}); !errors.Is(err, ErrMalformed) {
		t.Errorf("short status: %v", err)
	}
}

func TestCommand(t *testing.T) {
	want := Cmd{Dir: "/tmp", Args: []string{"/bin/sh", "-c", "", "é\n"}, Env: []string{"A=1", "B="}}
	p, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(p, []byte("\x04\x00\x02\x00/tmp\x00/bin/sh\x00-c\x00\x00")) {
		t.Errorf("encoding: %q", p)
	}
	if got, err := DecodeCommand(p); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("decoded %+v, %v", got, err)
	}
	for _, bad := range []Cmd{{}, {Args: []string{"a\x00b"}}, {Args: []string{strings.Repeat("x", MaxPayload)}}} {
		if _, err := bad.Encode(); err == nil {
			t.Errorf("%.20v… was encoded", bad)
		}
	}
	for _, bad := range []string{"", "\x01\x00\x00\x00", "\x01\x00\x00\x00/\x00a", "\x02\x00\x00\x00/\x00a\x00"} {
		if _, err := DecodeCommand([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("O\x02\x00\x00\x00hiX\x04\x00\x00\x00\x07\x00\x00\x00"))
	f.Add([]byte("C\x0b\x00\x00\x00\x01\x00\x00\x00/\x00cat\x00"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		c := New(bytes.NewBuffer(wire))
		for {
			typ, p, err := c.Read()
			if err != nil {
				return
			}
			if typ == Command {
				if cmd, err := DecodeCommand(p); err == nil {
					again, err := cmd.Encode()
					if err != nil || !bytes.Equal(again, p) {
						t.Errorf("%q decodes to %+v, which encodes to %q, %v", p, cmd, again, err)
					}
				}
			}
		}
	})
}
