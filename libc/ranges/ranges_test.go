package ranges

import (
	"reflect"
	"testing"
)

func TestParse(t *testing.T) {
	for s, want := range map[string][]Range{"1": {{1, 1}}, "3,1-2": {{1, 2}, {3, 3}}, "2-": {{2, End}}, "-3": {{1, 3}}, "1-3,2-5": {{1, 5}},
		"5-,7": {{5, End}}, "1 3": {{1, 1}, {3, 3}}} {
		if got, msg := Parse(s); msg != "" || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v %s", s, got, msg)
		}
	}
	for _, s := range []string{"", "0", "0-2", "-", "3-1", "x", "1-x", "1--2"} {
		if got, msg := Parse(s); msg == "" {
			t.Errorf("%q is accepted: %v", s, got)
		}
	}
}

func TestComplement(t *testing.T) {
	for _, c := range []struct{ list, want []Range }{
		{[]Range{{1, 1}}, []Range{{2, End}}},
		{[]Range{{2, 3}, {5, 5}}, []Range{{1, 1}, {4, 4}, {6, End}}},
		{[]Range{{1, End}}, nil},
	} {
		if got := Complement(c.list); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v: %v", c.list, got)
		}
	}
}
