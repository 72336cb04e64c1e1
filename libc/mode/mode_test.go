package mode

import "testing"

func TestApply(t *testing.T) {
	const file, dir = 0o100000, 0o040000
	for _, c := range []struct {
		mode             string
		old, umask, want uint32
	}{
		{"644", file | 0o755, 0o22, 0o644},
		{"u+x", file | 0o644, 0o22, 0o744},
		{"+x", file | 0o600, 0o77, 0o700},
		{"-w", file | 0o666, 0o22, 0o466},
		{"a-w", file | 0o666, 0o22, 0o444},
		{"=rw", file | 0o777, 0o22, 0o644},
		{"g=u", file | 0o740, 0, 0o770},
		{"u=rwx,g=rx,o=", file | 0o666, 0, 0o750},
		{"a+X", file | 0o644, 0, 0o644},
		{"a+X", file | 0o744, 0, 0o755},
		{"a+X", dir | 0o644, 0, 0o755},
		{"u+s", file | 0o755, 0, 0o4755},
		{"g+s", file | 0o755, 0, 0o2755},
		{"+t", dir | 0o777, 0, 0o1777},
		{"755", dir | 0o2755, 0, 0o2755},
		{"00755", dir | 0o2755, 0, 0o755},
		{"755", file | 0o2755, 0, 0o755},
		{"g-s", dir | 0o2755, 0, 0o755},
		{"u=rwx-x", file, 0, 0o600},
		{"o+w-r", file | 0o604, 0, 0o602},
	} {
		list, ok := Parse(c.mode)
		if !ok {
			t.Errorf("%q is rejected", c.mode)
			continue
		}
		if got := Apply(list, c.old, c.umask); got != c.want {
			t.Errorf("%q on %o with umask %o: %o, want %o", c.mode, c.old, c.umask, got, c.want)
		}
	}
	for _, s := range []string{"", "8", "77777", "u", "u+q", "q+x", "u+x,", "ux"} {
		if _, ok := Parse(s); ok {
			t.Errorf("%q is accepted", s)
		}
	}
}

func TestString(t *testing.T) {
	for m, want := range map[uint32]string{0o100644: "-rw-r--r--", 0o040755: "drwxr-xr-x", 0o041777: "drwxrwxrwt", 0o104755: "-rwsr-xr-x",
		0o102644: "-rw-r-Sr--", 0o120777: "lrwxrwxrwx", 0o020600: "crw-------", 0o060660: "brw-rw----", 0o010600: "prw-------",
		0o140700: "srwx------", 0o041000: "d--------T"} {
		if got := String(m); got != want {
			t.Errorf("%o: %q, want %q", m, got, want)
		}
	}
}
