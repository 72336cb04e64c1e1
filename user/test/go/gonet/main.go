//go:build linux

// Test gonet uses Go's own network poller: servers and clients over Unix sockets, deadlines, half-closed connections, HTTP.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func must(e error) {
	if e != nil {
		panic(e)
	}
}

func main() {
	echo()
	packets()
	deadlines()
	pipes()
	web()
}

// echo has many clients talk to one server at once.
func echo() {
	l, e := net.Listen("unix", "echo.sock")
	must(e)
	go func() {
		for {
			c, e := l.Accept()
			if e != nil {
				return
			}
			go func() {
				io.Copy(c, c)
				c.(*net.UnixConn).CloseWrite()
				c.Close()
			}()
		}
	}()
	var wg sync.WaitGroup
	var good atomic.Int32
	for i := range 30 {
		wg.Go(func() {
			c, e := net.Dial("unix", "echo.sock")
			must(e)
			data := []byte(strings.Repeat(fmt.Sprint("client ", i, " "), 20000))
			go func() {
				c.Write(data)
				c.(*net.UnixConn).CloseWrite()
			}()
			back, e := io.ReadAll(c)
			if e == nil && sha256.Sum256(back) == sha256.Sum256(data) {
				good.Add(1)
			}
			c.Close()
		})
	}
	wg.Wait()
	l.Close()
	_, e = os.Stat("echo.sock")
	fmt.Println("echo", good.Load(), os.IsNotExist(e))
}

func packets() {
	a, e := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: "a.sock", Net: "unixgram"})
	must(e)
	b, e := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: "b.sock", Net: "unixgram"})
	must(e)
	go func() {
		for i := range 200 {
			b.WriteToUnix(fmt.Appendf(nil, "packet %d", i), a.LocalAddr().(*net.UnixAddr))
		}
	}()
	ordered := true
	var from *net.UnixAddr
	for i := range 200 {
		buf := make([]byte, 100)
		n, f, e := a.ReadFromUnix(buf)
		must(e)
		from = f
		ordered = ordered && string(buf[:n]) == fmt.Sprint("packet ", i)
	}
	fmt.Println("packets", ordered, from)
	a.Close()
	b.Close()
	os.Remove("a.sock")
	os.Remove("b.sock")
}

func deadlines() {
	l, e := net.Listen("unix", "@galago-deadline")
	must(e)
	c, e := net.Dial("unix", "@galago-deadline")
	must(e)
	s, e := l.Accept()
	must(e)
	c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	_, e = c.Read(make([]byte, 1))
	fmt.Println("read deadline", errors.Is(e, os.ErrDeadlineExceeded))
	c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	_, e = c.Write(make([]byte, 10<<20))
	fmt.Println("write deadline", errors.Is(e, os.ErrDeadlineExceeded))
	done := make(chan error)
	go func() {
		_, e := s.Write(make([]byte, 10<<20))
		done <- e
	}()
	time.Sleep(20 * time.Millisecond)
	s.Close()
	fmt.Println("closed while writing", errors.Is(<-done, net.ErrClosed))
	l.(*net.UnixListener).SetDeadline(time.Now().Add(20 * time.Millisecond))
	_, e = l.Accept()
	fmt.Println("accept deadline", errors.Is(e, os.ErrDeadlineExceeded))
	_, e = net.Dial("unix", "nobody.sock")
	fmt.Println("dial", e)
	_, e = net.Dial("tcp", "127.0.0.1:1")
	fmt.Println("tcp fails", e != nil)
	l.Close()
	c.Close()
}

// pipes of the os package are polled too.
func pipes() {
	r, w, e := os.Pipe()
	must(e)
	r.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	_, e = r.Read(make([]byte, 1))
	fmt.Println("pipe deadline", errors.Is(e, os.ErrDeadlineExceeded))
	r.SetReadDeadline(time.Time{})
	lines := 0
	go func() {
		for i := range 20000 {
			fmt.Fprintln(w, "line", i)
		}
		w.Close()
	}()
	for s := bufio.NewScanner(r); s.Scan(); lines++ {
	}
	fmt.Println("lines", lines)
}

func web() {
	l, e := net.Listen("unix", "web.sock")
	must(e)
	srv := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %d", r.Method, r.URL.Path, len(b))
	})}
	go srv.Serve(l)
	client := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", "web.sock")
	}}}
	var wg sync.WaitGroup
	var good atomic.Int32
	for i := range 10 {
		wg.Go(func() {
			for j := range 15 {
				resp, e := client.Post(fmt.Sprintf("http://unix/%d/%d", i, j), "text/plain", strings.NewReader(strings.Repeat("x", j*3000)))
				if e != nil {
					fmt.Println(e)
					return
				}
				b, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if string(b) == fmt.Sprintf("POST /%d/%d %d", i, j, j*3000) {
					good.Add(1)
				}
			}
		})
	}
	wg.Wait()
	srv.Close()
	fmt.Println("web", good.Load())
}
