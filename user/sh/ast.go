//go:build galago_user

package main

// The syntax tree. Words keep their quoting and expansions as written; they are interpreted when the command runs.

type kind uint8

const (
	kSimple kind = iota
	kPipe
	kAnd
	kOr
	kSeq   // list of commands
	kAsync // list[0] in the background
	kNot
	kIf    // list: condition, then, [else]
	kWhile // list: condition, body
	kUntil
	kFor
	kCase
	kGroup    // { }
	kSubshell // ( )
	kFunc
)

type node struct {
	kind    kind
	line    int
	list    []*node
	words   []string // simple: words; for: items; case: the subject
	assigns []string // simple: NAME=value, as written
	redirs  []redir
	name    string // for: variable; function: name
	hasIn   bool   // for: "in" was given
	cases   []caseItem
}

type caseItem struct {
	patterns []string
	body     *node
}

// redir is one redirection: fd op target.
type redir struct {
	fd     int
	op     string // < > >> >| <> <& >& <<
	target string
	quoted bool // here-document: no expansion
}
