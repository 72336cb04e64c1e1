package tty

// Editing of the line that is being typed, and echo. The terminal is locked.

// editKey handles the characters that mean something in canonical mode; false: c is none of them.
func (t *TTY) editKey(c byte, r *received) bool {
	m := &t.termios
	echo := m.lflag(ECHO)
	switch {
	case m.is(c, VERASE):
		t.erase(eraseChar, c)
	case m.isExtended(c, VWERASE):
		t.erase(eraseWord, c)
	case m.is(c, VKILL):
		t.kill()
	case m.isExtended(c, VLNEXT):
		t.lnext = true
		if echo {
			t.finishErasing()
			if m.lflag(ECHOCTL) {
				t.output('^')
				t.output('\b')
			}
		}
	case m.isExtended(c, VREPRINT) && echo:
		t.reprint(c)
	case c == '\n':
		if echo || m.lflag(ECHONL) {
			t.finishErasing()
			t.output('\n')
		}
		t.endLine('\n', r)
	case m.is(c, VEOF):
		t.finishErasing()
		t.endLine(0, r)
	case m.is(c, VEOL), m.isExtended(c, VEOL2):
		if echo {
			t.finishErasing()
			if t.canon == t.head {
				t.canonColumn = t.column
			}
			t.echo(c)
		}
		if c == 0o377 && m.iflag(PARMRK) {
			t.store(c, r)
		}
		t.endLine(c, r)
	default:
		return false
	}
	return true
}

// echo shows a character: with ECHOCTL control characters as ^X.
func (t *TTY) echo(c byte) {
	if t.termios.lflag(ECHOCTL) && isControl(c) && c != '\t' {
		t.output('^')
		t.output(c ^ 0x40)
		return
	}
	t.output(c)
}

// finishErasing ends a run of characters shown by ECHOPRT as erased.
func (t *TTY) finishErasing() {
	if t.erasing {
		t.output('/')
		t.erasing = false
	}
}

// reprint shows the line being edited anew.
func (t *TTY) reprint(c byte) {
	t.finishErasing()
	t.echo(c)
	t.output('\n')
	for i := t.canon; i != t.head; i++ {
		t.echo(t.ring[i%ringSize])
	}
}

type eraseKind uint8

const (
	eraseChar eraseKind = iota
	eraseWord
	eraseLine
)

// kill erases the whole line: from the screen if ECHOE, ECHOK and ECHOKE ask for that, else by showing the KILL
// character.
func (t *TTY) kill() {
	if t.head == t.canon {
		return
	}
	m := &t.termios
	if m.lflag(ECHO) && m.lflag(ECHOK) && m.lflag(ECHOKE) && m.lflag(ECHOE) {
		t.erase(eraseLine, 0)
		return
	}
	t.head = t.canon
	if m.lflag(ECHO) {
		t.finishErasing()
		t.echo(m.CC[VKILL])
		if m.lflag(ECHOK) {
			t.output('\n')
		}
	}
}

// erase takes characters off the end of the line.
func (t *TTY) erase(kind eraseKind, key byte) {
	if t.head == t.canon {
		return
	}
	inWord := false
	for t.head != t.canon {
		at := t.lastChar()
		c := t.ring[at%ringSize]
		if t.isContinuation(c) {
			break // a sequence without beginning
		}
		if kind == eraseWord {
			if isWord(c) {
				inWord = true
			} else if inWord {
				break
			}
		}
		end := t.head
		t.head = at
		if t.termios.lflag(ECHO) {
			t.showErased(c, at, end, kind, key)
		}
		if kind == eraseChar {
			break
		}
	}
	if t.head == t.canon && t.termios.lflag(ECHO) {
		t.finishErasing()
	}
}

// lastChar returns the position of the line's last character, which may be several bytes long.
func (t *TTY) lastChar() uint32 {
	at := t.head - 1
	for at != t.canon && t.isContinuation(t.ring[at%ringSize]) {
		at--
	}
	return at
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

// showErased echoes the erasure of the character c that was in [at, end).
func (t *TTY) showErased(c byte, at, end uint32, kind eraseKind, key byte) {
	m := &t.termios
	switch {
	case m.lflag(ECHOPRT):
		if !t.erasing {
			t.output('\\')
			t.erasing = true
		}
		t.echo(c)
		for i := at + 1; i != end; i++ {
			t.output(t.ring[i%ringSize])
		}
	case kind == eraseChar && !m.lflag(ECHOE):
		t.echo(key)
	case c == '\t':
		t.rubTab()
	case !isControl(c):
		t.rubOut()
	case m.lflag(ECHOCTL):
		t.rubOut()
		t.rubOut()
	}
}

// rubOut wipes the character left of the cursor.
func (t *TTY) rubOut() {
	t.output('\b')
	t.output(' ')
	t.output('\b')
}

// rubTab moves the cursor back over a tab, to where the characters before it end.
func (t *TTY) rubTab() {
	col, afterTab := uint32(0), false
	for i := t.head; i != t.canon; {
		i--
		c := t.ring[i%ringSize]
		switch {
		case c == '\t':
			afterTab = true
		case isControl(c):
			if t.termios.lflag(ECHOCTL) {
				col += 2
			}
		case !t.isContinuation(c):
			col++
		}
		if afterTab {
			break
		}
	}
	if !afterTab { // the column counts from the beginning of the line, which a prompt may have moved
		col += t.canonColumn
	}
	for range 8 - col&7 {
		t.output('\b')
	}
}
