package decimal

import (
	"fmt"
	"math"
	"math/rand"
	"strconv"
	"strings"
	"testing"
)

// formats writes f as %e, %f and %g do.
func formats(f Float, prec int) string {
	return f.Fixed(prec, false) + " " + f.Scientific(prec, false, 'e') + " " + f.General(prec, false, 'e')
}

// Text that is a binary fraction is printed as C and Go print it.
func TestLikeGo(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	for range 3000 {
		v := math.Float64frombits(rnd.Uint64() &^ (1 << 63))
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		if rnd.Intn(2) == 0 {
			v = float64(rnd.Intn(100000)) / 64
		}
		prec := rnd.Intn(12)
		want := fmt.Sprintf("%.*f %.*e %.*g", prec, v, prec, v, max(prec, 1), v)
		if got := formats(FromBits(math.Float64bits(v)), prec); got != want {
			t.Fatalf("%v with %d digits: %s, want %s", v, prec, got, want)
		}
		exact := strconv.FormatFloat(v, 'f', 1100, 64)
		f, n := ParseFloat(exact)
		if n != len(exact) || f.Fixed(prec, false) != fmt.Sprintf("%.*f", prec, v) {
			t.Fatalf("%s as text with %d digits: %s", exact, prec, f.Fixed(prec, false))
		}
	}
}

func TestParseFloat(t *testing.T) {
	for s, want := range map[string]int{"1": 1, "-1.5e3x": 6, "1e": 1, ".5": 2, "5.": 2, ".": 0, "x": 0, "": 0, "inf": 3, "-nan": 4, "1e+": 1, "0x": 1} {
		if _, n := ParseFloat(s); n != want {
			t.Errorf("%q: %d bytes, want %d", s, n, want)
		}
	}
	for s, want := range map[string]string{"0": "0.00", "0.005": "0.00", "0.015": "0.02", "0.025": "0.02", "9.999": "10.00", "1e2": "100.00", "1e-3": "0.00", "123.456": "123.46"} {
		if f, _ := ParseFloat(s); f.Fixed(2, false) != want {
			t.Errorf("%q: %s, want %s", s, f.Fixed(2, false), want)
		}
	}
}

func TestNumber(t *testing.T) {
	for s, want := range map[string]string{"1": "1", "-1.50": "-1.50", "+.5": "0.5", "007": "7", "-0.05": "-0.05"} {
		n, ok := Parse(s)
		if !ok || n.String() != want {
			t.Errorf("%q: %s %v, want %s", s, n, ok, want)
		}
	}
	for _, s := range []string{"", "x", "1e5", ".", "-", "99999999999999999999", "1." + strings.Repeat("0", 30)} {
		if n, ok := Parse(s); ok {
			t.Errorf("%q is accepted: %s", s, n)
		}
	}
	n, _ := Parse("1.5")
	if r, ok := n.Rescale(4); !ok || r.String() != "1.5000" {
		t.Errorf("rescaled: %s", r)
	}
	if _, ok := (Number{V: 1 << 61}).Rescale(5); ok {
		t.Error("overflow is not noticed")
	}
}
