package syntax

// Keep and Drop: trees that outlive the memory they were parsed into.

// Keep copies a tree into memory of its own.
func Keep(c Command) Command {
	switch c := c.(type) {
	case *List:
		return keepList(c)
	case *Binary:
		n := object(*c)
		n.X, n.Y = Keep(c.X), Keep(c.Y)
		return n
	case *Pipeline:
		n := object(*c)
		n.Cmds, n.Text = array(c.Cmds), str(c.Text)
		for i := range n.Cmds {
			n.Cmds[i] = Keep(n.Cmds[i])
		}
		return n
	case *Simple:
		n := object(*c)
		n.Assigns = array(c.Assigns)
		for i := range n.Assigns {
			a := &n.Assigns[i]
			a.Name, a.Value = str(a.Name), keepWord(a.Value)
		}
		n.Words, n.Redirs = keepWords(c.Words), keepRedirs(c.Redirs)
		return n
	case *Redirected:
		n := object(*c)
		n.Cmd, n.Redirs = Keep(c.Cmd), keepRedirs(c.Redirs)
		return n
	case *Subshell:
		return object(Subshell{keepList(c.Body)})
	case *Group:
		return object(Group{keepList(c.Body)})
	case *If:
		n := object(*c)
		n.Cond, n.Then = keepList(c.Cond), keepList(c.Then)
		if c.Else != nil {
			n.Else = Keep(c.Else)
		}
		return n
	case *Loop:
		n := object(*c)
		n.Cond, n.Body = keepList(c.Cond), keepList(c.Body)
		return n
	case *For:
		n := object(*c)
		n.Name, n.Words, n.Body = str(c.Name), keepWords(c.Words), keepList(c.Body)
		return n
	case *Case:
		n := object(*c)
		n.Word, n.Items = keepWord(c.Word), array(c.Items)
		for i := range n.Items {
			it := &n.Items[i]
			it.Patterns, it.Body = keepWords(it.Patterns), keepList(it.Body)
		}
		return n
	case *FuncDef:
		return object(FuncDef{str(c.Name), Keep(c.Body)})
	}
	return nil
}

func keepList(l *List) *List {
	if l == nil {
		return nil
	}
	n := object(List{array(l.Items)})
	for i := range n.Items {
		it := &n.Items[i]
		it.Cmd, it.Text = Keep(it.Cmd), str(it.Text)
	}
	return n
}

func keepRedirs(list []*Redirect) []*Redirect {
	list = array(list)
	for i, r := range list {
		n := object(*r)
		n.Target = keepWord(r.Target)
		list[i] = n
	}
	return list
}

func keepWords(list []*Word) []*Word {
	list = array(list)
	for i, w := range list {
		list[i] = keepWord(w)
	}
	return list
}

func keepWord(w *Word) *Word {
	if w == nil {
		return nil
	}
	n := object(*w)
	n.Parts = array(w.Parts)
	for i := range n.Parts {
		p := &n.Parts[i]
		p.Text, p.Word, p.Body = str(p.Text), keepWord(p.Word), keepList(p.Body)
	}
	return n
}

// Drop frees a tree that Keep returned.
func Drop(c Command) {
	switch c := c.(type) {
	case *List:
		dropList(c)
	case *Binary:
		Drop(c.X)
		Drop(c.Y)
		free(c)
	case *Pipeline:
		for _, x := range c.Cmds {
			Drop(x)
		}
		freeArray(c.Cmds)
		freeStr(c.Text)
		free(c)
	case *Simple:
		for _, a := range c.Assigns {
			freeStr(a.Name)
			dropWord(a.Value)
		}
		freeArray(c.Assigns)
		dropWords(c.Words)
		dropRedirs(c.Redirs)
		free(c)
	case *Redirected:
		Drop(c.Cmd)
		dropRedirs(c.Redirs)
		free(c)
	case *Subshell:
		dropList(c.Body)
		free(c)
	case *Group:
		dropList(c.Body)
		free(c)
	case *If:
		dropList(c.Cond)
		dropList(c.Then)
		if c.Else != nil {
			Drop(c.Else)
		}
		free(c)
	case *Loop:
		dropList(c.Cond)
		dropList(c.Body)
		free(c)
	case *For:
		freeStr(c.Name)
		dropWords(c.Words)
		dropList(c.Body)
		free(c)
	case *Case:
		dropWord(c.Word)
		for _, it := range c.Items {
			dropWords(it.Patterns)
			dropList(it.Body)
		}
		freeArray(c.Items)
		free(c)
	case *FuncDef:
		freeStr(c.Name)
		Drop(c.Body)
		free(c)
	}
}

func dropList(l *List) {
	if l == nil {
		return
	}
	for _, it := range l.Items {
		Drop(it.Cmd)
		freeStr(it.Text)
	}
	freeArray(l.Items)
	free(l)
}

func dropRedirs(list []*Redirect) {
	for _, r := range list {
		dropWord(r.Target)
		free(r)
	}
	freeArray(list)
}

func dropWords(list []*Word) {
	for _, w := range list {
		dropWord(w)
	}
	freeArray(list)
}

func dropWord(w *Word) {
	if w == nil {
		return
	}
	for i := range w.Parts {
		freeStr(w.Parts[i].Text)
		dropWord(w.Parts[i].Word)
		dropList(w.Parts[i].Body)
	}
	freeArray(w.Parts)
	free(w)
}
