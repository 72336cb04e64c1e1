//go:build !galago

package vfstest

import (
	"fmt"
	"strings"
	"testing"
)

// Run runs the whole suite over fresh volumes from m.
func Run(t *testing.T, m Mounter) {
	for _, s := range scripts {
		t.Run("oracle/"+s.name, func(t *testing.T) { compare(t, m, strings.Split(s.text, "\n")) })
	}
	for seed := range int64(40) {
		t.Run(fmt.Sprintf("oracle/random%d", seed), func(t *testing.T) { compare(t, m, randomScript(seed, 400)) })
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, m) })
	}
}

var scripts = []struct{ name, text string }{
	{"paths", `
		mkdir d 755
		mkdir d/e 755
		open d/f CREAT|RDWR 644
		stat .
		stat ..
		stat /
		stat ""
		stat d/
		stat d/f/
		stat d/f/.
		stat d/f/..
		stat d//e///
		stat d/./e/../f
		stat nope
		stat nope/
		stat nope/x
		stat d/f/x
		stat %255
		stat %256
		stat d/%256/x
		mkdir d/%255 755
		stat d/%255
		rmdir d/%255
		open "" RDONLY 0
		open d RDWR 0
		open d WRONLY 0
		open d RDONLY 0
		open d/f DIRECTORY 0
		open d DIRECTORY 0
		open d/f/ RDONLY 0
		open d/f/ CREAT|RDWR 644
		open new/ CREAT|RDWR 644
		open d/ CREAT|RDWR 644
		open . CREAT|RDWR 644
		open .. CREAT|RDONLY 644
		open d/. CREAT|EXCL|RDWR 644
		open d/f CREAT|EXCL|RDWR 644
		open d CREAT|RDONLY 644
		open d CREAT|EXCL|RDONLY 644
		open d/f CREAT|DIRECTORY|RDWR 644
		open x/y CREAT|RDWR 644
		open d/f/y CREAT|RDWR 644
		open d/f TRUNC|RDONLY 644
		open d PATH 0
		open nope PATH 0`},
	{"links", `
		mkdir d 755
		open d/f CREAT|RDWR 644
		write d/f hello
		symlink d/f s
		symlink d sd
		symlink nope dang
		symlink loop loop
		symlink b2 b1
		symlink b1 b2
		symlink d/f/ slash
		symlink sd/ sd2
		stat s
		lstat s
		stat sd
		lstat sd
		lstat sd/
		stat sd/f
		stat sd2/f
		stat dang
		lstat dang
		stat loop
		stat loop/x
		stat b1
		stat slash
		open s NOFOLLOW 0
		open sd NOFOLLOW|DIRECTORY 0
		open sd/ NOFOLLOW|DIRECTORY 0
		open s PATH|NOFOLLOW 0
		open sd DIRECTORY 0
		open loop CREAT|RDWR 644
		open dang CREAT|EXCL|RDWR 644
		open dang CREAT|NOFOLLOW|RDWR 644
		open dang CREAT|RDWR 644
		stat nope
		readlink s
		readlink d
		readlink d/f
		readlink nope2
		readlink sd/
		readlink loop
		unlink s
		unlink sd/
		rmdir sd
		rmdir sd/
		symlink x s
		symlink x s
		symlink x d
		symlink "" empty
		symlink x new/
		link d/f h
		stat h
		link d hd
		link d/f h
		link nope h2
		link s hs
		lstat hs
		linkf sd/f hf
		stat hf
		linkf s hf2
		link d/f h3/
		link d/f/ h4
		unlink h
		stat d/f
		rename loop loop2
		lstat loop2
		mkdir loop2 755
		mkdir dang2 755
		symlink nowhere dang3
		mkdir dang3 755
		mkdir dang3/ 755
		rmdir dang3
		chmod b1 644
		truncate loop2 0
		access loop2 0`},
	{"depth", `
		symlink l01 l00
		open l40 CREAT|RDWR 644
		symlink l02 l01
		symlink l03 l02
		symlink l04 l03
		symlink l05 l04
		symlink l06 l05
		symlink l07 l06
		symlink l08 l07
		symlink l09 l08
		symlink l10 l09
		symlink l11 l10
		symlink l12 l11
		symlink l13 l12
		symlink l14 l13
		symlink l15 l14
		symlink l16 l15
		symlink l17 l16
		symlink l18 l17
		symlink l19 l18
		symlink l20 l19
		symlink l21 l20
		symlink l22 l21
		symlink l23 l22
		symlink l24 l23
		symlink l25 l24
		symlink l26 l25
		symlink l27 l26
		symlink l28 l27
		symlink l29 l28
		symlink l30 l29
		symlink l31 l30
		symlink l32 l31
		symlink l33 l32
		symlink l34 l33
		symlink l35 l34
		symlink l36 l35
		symlink l37 l36
		symlink l38 l37
		symlink l39 l38
		symlink l40 l39
		stat l00
		symlink l00 l-1
		stat l-1`},
	{"remove", `
		mkdir d 755
		mkdir d/e 755
		open d/f CREAT|RDWR 644
		rmdir d
		rmdir d/f
		unlink d
		unlink d/e
		unlink d/f/
		unlink d/e/
		rmdir d/e/.
		rmdir d/e/..
		rmdir .
		rmdir ..
		rmdir /
		unlink .
		unlink ..
		unlink d/.
		unlink nope
		unlink nope/
		rmdir nope
		rmdir ""
		unlink ""
		rmdir d/e/
		unlink d/f
		rmdir d
		stat d
		mkdir d 755
		mkdir d 755
		mkdir d/ 755
		mkdir new/ 755
		stat new
		mkdir . 755
		mkdir .. 755
		mkdir / 755
		mkdir "" 755
		mkdir a/b 755
		mknod fifo 10644
		lstat fifo
		mknod sock 140644
		lstat sock
		mknod chr 20600
		lstat chr
		mknod blk 60600
		lstat blk
		mknod reg 100600
		lstat reg
		mknod zero 600
		lstat zero
		mknod dir 40755
		mknod lnk 120777
		mknod odd 170000
		mknod reg 100600
		mknod n/ 100600
		open sock RDONLY 0
		open sock PATH 0`},
	{"rename", `
		mkdir a 755
		mkdir a/b 755
		mkdir a/b/c 755
		mkdir x 755
		open f CREAT|RDWR 644
		open g CREAT|RDWR 644
		write f one
		write g two!
		rename f g
		stat g
		read g
		stat f
		rename a a/b
		rename a a/b/c/d
		rename a/b/c a
		rename a/b a
		rename a/b/c a/b
		rename x a
		rename a x
		stat x/b/c
		stat a
		rename g x
		rename x g
		rename nope y
		rename nope x/q
		rename g nope/y
		rename g g/y
		rename g/ h
		rename g h/
		rename x y/
		stat y
		rename y/ x/
		rename . z
		rename z .
		rename x/.. z
		rename x/. z
		rename x z/..
		rename x x
		rename x x/
		link g hard
		rename g hard
		stat g
		stat hard
		symlink g s
		rename s t
		lstat t
		rename t g
		lstat g
		renamex 1 x hard
		renamex 1 x fresh
		stat fresh/b
		renamex 2 fresh hard
		lstat fresh
		stat hard/b
		renamex 2 hard hard/b
		renamex 2 hard/b hard
		renamex 2 hard nope
		renamex 2 nope hard
		renamex 3 hard fresh
		mkdir m 755
		mkdir n 755
		open m/file CREAT|RDWR 600
		renamex 2 m/file n
		stat m/file
		stat n
		renamex 2 m m
		rename m/file/.. q
		rename "" q
		rename q ""
		mkdir e1 755
		mkdir e2 755
		open e2/x CREAT|RDWR 644
		rename e1 e2
		rename e2 e1
		stat e1/x
		stat e2`},
	{"permissions", `
		mkdir open 777
		chmod open 777
		mkdir closed 700
		open closed/f CREAT|RDWR 666
		mkdir sticky 1777
		chmod sticky 1777
		open sticky/rootfile CREAT|RDWR 666
		chmod sticky/rootfile 666
		open pub CREAT|RDWR 644
		open suid CREAT|RDWR 6755
		chmod suid 6777
		mkdir sgid 755
		chmod sgid 2777
		chown sgid 0 50
		as 1000 1000
		stat closed/f
		open closed/f RDONLY 0
		open closed RDONLY 0
		open new CREAT|RDWR 644
		open pub RDONLY 0
		open pub WRONLY 0
		open pub TRUNC|RDONLY 0
		open open/mine CREAT|RDWR 640
		stat open/mine
		chmod open/mine 4755
		stat open/mine
		chmod pub 600
		chown open/mine 0 0
		chown open/mine 1000 1000
		stat open/mine
		write suid x
		stat suid
		unlink sticky/rootfile
		rename sticky/rootfile sticky/z
		open sticky/user CREAT|RDWR 600
		open sgid/f CREAT|RDWR 2775
		stat sgid/f
		mkdir sgid/d 755
		stat sgid/d
		mknod dev 20600
		mknod open/dev 20600
		mknod open/fifo 10600
		access closed 4
		access open 7
		access pub 2
		access pub 1
		access pub 0
		open pub NOATIME 0
		link pub open/hl
		as 1001 1001
		open open/mine RDONLY 0
		unlink sticky/user
		unlink open/mine
		chmod sgid/f 600
		mkdir open/x 0
		as 1000 1000
		open open/x RDONLY 0
		open open/x/y CREAT|RDWR 644
		rmdir open/x
		as 0 0
		access pub 1
		access suid 1
		open closed/f RDWR 0
		chown suid 1000 1000
		stat suid
		chown pub 5 6
		stat pub
		umask 077
		mkdir um 777
		stat um
		open um/f CREAT|RDWR 666
		stat um/f`},
	{"contents", `
		open f CREAT|RDWR 644
		truncate f 5000
		append f tail
		stat f
		read f
		truncate f 4999
		truncate f 6000
		read f
		truncate f 3
		append f z
		truncate f 9000
		read f
		open f TRUNC|WRONLY 0
		stat f
		write f abc
		write f Z
		read f
		write nope x
		mkdir d 755
		write d x
		truncate d 0
		read d`},
}
