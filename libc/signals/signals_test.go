package signals

import (
	"syscall"
	"testing"
)

func TestNames(t *testing.T) {
	for sig, want := range map[syscall.Signal]string{syscall.SIGHUP: "HUP", syscall.SIGKILL: "KILL", syscall.SIGTERM: "TERM", syscall.SIGCHLD: "CHLD",
		syscall.SIGWINCH: "WINCH", syscall.SIGSYS: "SYS", 34: "RTMIN", 64: "RTMAX"} {
		if got := Name(int(sig)); got != want {
			t.Errorf("%d: %s, want %s", sig, got, want)
		}
	}
	for i := 1; i <= Last; i++ {
		if got, ok := Number("sig" + Name(i)); Name(i)[0] > '9' && (!ok || got != i) {
			t.Errorf("%s: %d", Name(i), got)
		}
	}
	for s, want := range map[string]int{"0": 0, "9": 9, "EXIT": 0, "kill": 9, "SIGIO": 29} {
		if got, ok := Number(s); !ok || got != want {
			t.Errorf("%q: %d %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "65", "NOPE", "SIG"} {
		if got, ok := Number(s); ok {
			t.Errorf("%q is accepted: %d", s, got)
		}
	}
}
