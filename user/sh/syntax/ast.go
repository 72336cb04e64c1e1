// Package syntax reads the shell command language (POSIX.1-2017 XCU 2.2–2.4, 2.10) into syntax trees. It is ordinary Go, without
// any system call, and runs on the host as well as in the native shell.
//
// A tree is complete: quoting is resolved to a flag on each part of a word, and command substitutions are trees of
// their own, so running a loop's body again reads no text again.
//
// Memory: the parser allocates freely and remembers nothing between two calls of Command, so a caller without a garbage
// collector may release everything after a command has run. Trees that must live longer, those of functions, are copied by Keep.
package syntax

// Command is a node: *List, *Binary, *Pipeline, *Simple, *Redirected, *Subshell, *Group, *If, *Loop, *For, *Case or *FuncDef.
type Command interface{ command() }

// List is a sequence of commands separated by ; & or newlines.
type List struct {
	Items []Item
}

// Item is one command of a list.
type Item struct {
	Cmd   Command
	Async bool   // followed by &
	Text  string // of a command followed by &, for the job table
}

// Binary is X && Y, or X || Y.
type Binary struct {
	Or   bool
	X, Y Command
}

// Pipeline is one or more commands joined by |.
type Pipeline struct {
	Negate bool
	Cmds   []Command
	Text   string // as written, for the job table
}

// Simple is a simple command.
type Simple struct {
	Line    int
	Assigns []Assign
	Words   []*Word
	Redirs  []*Redirect
}

// Assign is NAME=value before a command.
type Assign struct {
	Name  string
	Value *Word
}

// Redirected is a compound command with redirections.
type Redirected struct {
	Cmd    Command
	Redirs []*Redirect
}

// Subshell is ( list ), Group { list; }.
type Subshell struct{ Body *List }

// Group is { list; }.
type Group struct{ Body *List }

// If is one if or elif; Else is nil, a *List, or the *If of an elif.
type If struct {
	Cond, Then *List
	Else       Command
}

// Loop is while or until.
type Loop struct {
	Until      bool
	Cond, Body *List
}

// For is the for loop; without In it runs over the positional parameters.
type For struct {
	Line  int
	Name  string
	In    bool
	Words []*Word
	Body  *List
}

// Case is the case command.
type Case struct {
	Line  int
	Word  *Word
	Items []CaseItem
}

// CaseItem is one alternative: the body runs if a pattern matches.
type CaseItem struct {
	Patterns []*Word
	Body     *List
}

// FuncDef is name() compound-command.
type FuncDef struct {
	Name string
	Body Command
}

func (*List) command()       {}
func (*Binary) command()     {}
func (*Pipeline) command()   {}
func (*Simple) command()     {}
func (*Redirected) command() {}
func (*Subshell) command()   {}
func (*Group) command()      {}
func (*If) command()         {}
func (*Loop) command()       {}
func (*For) command()        {}
func (*Case) command()       {}
func (*FuncDef) command()    {}

// RedirOp says what a redirection does.
type RedirOp uint8

// The redirection operators: < > >| >> <> <& >& and << (also <<-).
const (
	Input RedirOp = iota
	Output
	Clobber
	Append
	ReadWrite
	DupInput
	DupOutput
	HereDoc
)

// Redirect is one redirection of descriptor FD. A here-document's Target is its body.
type Redirect struct {
	FD     int
	Op     RedirOp
	Target *Word
}

// PartKind tells the parts of a word apart.
type PartKind uint8

// The kinds of parts.
const (
	Literal    PartKind = iota // Text
	Param                      // $Text, or ${Text Op Word}
	CommandSub                 // $(Body)
	Arithmetic                 // $((Word))
)

// ParamOp is the operator of a parameter expansion.
type ParamOp uint8

// The parameter operators: none, ${#x}, - = ? + and # ## % %%.
const (
	OpNone ParamOp = iota
	OpLength
	OpDefault
	OpAssign
	OpError
	OpAlternate
	OpPrefix
	OpPrefixLong
	OpSuffix
	OpSuffixLong
)

// Part is a piece of a word with uniform quoting.
type Part struct {
	Kind   PartKind
	Quoted bool
	Op     ParamOp
	Colon  bool // the operator has a colon: null counts as unset
	Text   string
	Word   *Word
	Body   *List
}

// Word is a word before expansion.
type Word struct {
	Parts []Part
	Plain bool // one literal without quotes, tilde or pattern characters: it expands to itself
}

// Lit returns the text of a word that is a single unquoted literal, otherwise "".
func (w *Word) Lit() string {
	if len(w.Parts) == 1 && w.Parts[0].Kind == Literal && !w.Parts[0].Quoted {
		return w.Parts[0].Text
	}
	return ""
}

// IsName reports whether s is a name (XBD 3.235).
func IsName(s string) bool {
	for i := range len(s) {
		if !isNameByte(s[i]) || i == 0 && s[i] >= '0' && s[i] <= '9' {
			return false
		}
	}
	return len(s) > 0
}

func isNameByte(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
