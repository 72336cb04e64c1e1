//go:build linux

package main

import (
	"time"

	"golang.org/x/sys/unix"

	. "galago/user/test/sock"
)

// Looking at data without taking it: MSG_PEEK, SO_PEEK_OFF.

func peeks() {
	a, b := Pair(unix.SOCK_STREAM | unix.SOCK_NONBLOCK)
	unix.Write(a, []byte("hello "))
	unix.Write(a, []byte("world"))
	Show("peek 3", recv(b, 3, unix.MSG_PEEK))
	Show("peek 20", recv(b, 20, unix.MSG_PEEK))
	Show("peek 20 waitall", recv(b, 20, unix.MSG_PEEK|unix.MSG_WAITALL))
	Show("trunc 3", recv(b, 3, unix.MSG_TRUNC))
	off, e := unix.GetsockoptInt(b, unix.SOL_SOCKET, unix.SO_PEEK_OFF)
	Show("peek offset", off, e)
	Show("set", unix.SetsockoptInt(b, unix.SOL_SOCKET, unix.SO_PEEK_OFF, 1))
	Show("peek", recv(b, 2, unix.MSG_PEEK))
	Show("peek", recv(b, 3, unix.MSG_PEEK))
	off, _ = unix.GetsockoptInt(b, unix.SOL_SOCKET, unix.SO_PEEK_OFF)
	Show("offset", off)
	Show("read", recv(b, 4, 0))
	off, _ = unix.GetsockoptInt(b, unix.SOL_SOCKET, unix.SO_PEEK_OFF)
	Show("offset", off)
	Show("peek", recv(b, 9, unix.MSG_PEEK))
	Show("peek at the end", recv(b, 9, unix.MSG_PEEK))
	Show("read", recv(b, 9, 0))
	CloseAll(a, b)
}

// peekBeyond peeks, with an offset behind all that is there: it waits for more.
func peekBeyond(kind int) {
	a, b := Pair(kind)
	unix.Write(a, []byte("hello"))
	Show("set", unix.SetsockoptInt(b, unix.SOL_SOCKET, unix.SO_PEEK_OFF, 5))
	tv := unix.NsecToTimeval(50e6)
	Show("timeout", unix.SetsockoptTimeval(b, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv))
	start := time.Now()
	Show("nothing beyond", recv(b, 9, unix.MSG_PEEK|unix.MSG_WAITALL), time.Since(start) >= 45*time.Millisecond)
	tv = unix.NsecToTimeval(20e9)
	Show("timeout", unix.SetsockoptTimeval(b, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv))
	go func() {
		time.Sleep(30 * time.Millisecond)
		unix.Write(a, []byte(" world"))
	}()
	Show("more beyond", recv(b, 9, unix.MSG_PEEK))
	Show("more", recv(b, 9, unix.MSG_PEEK|unix.MSG_DONTWAIT))
	go func() {
		time.Sleep(30 * time.Millisecond)
		unix.Shutdown(a, unix.SHUT_WR)
	}()
	Show("the end", recv(b, 9, unix.MSG_PEEK))
	Show("all", recv(b, 20, 0))
	CloseAll(a, b)
}
