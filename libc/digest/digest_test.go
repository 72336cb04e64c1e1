package digest

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"math/rand"
	"testing"
)

func TestLikeGo(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	for n := range 300 {
		data := make([]byte, n)
		rnd.Read(data)
		m, s := NewMD5(), NewSHA256()
		for rest := data; len(rest) > 0; {
			k := 1 + rnd.Intn(len(rest))
			m.Write(rest[:k])
			s.Write(rest[:k])
			rest = rest[k:]
		}
		wantM, wantS := md5.Sum(data), sha256.Sum256(data)
		if got := m.Sum(); got != hex.EncodeToString(wantM[:]) {
			t.Fatalf("MD5 of %d bytes: %s", n, got)
		}
		if got := s.Sum(); got != hex.EncodeToString(wantS[:]) {
			t.Fatalf("SHA-256 of %d bytes: %s", n, got)
		}
	}
}
