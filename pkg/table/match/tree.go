package match

import (
	"bytes"
	"strings"
)

// tree finds the routes of one host whose path may match: a radix tree over
// bytes. A route hangs on the node that its path ends at, a regular expression
// on that of its literal prefix. Routes are known by their rank.
type tree struct{ root node }

type node struct {
	// label is what stands between the parent and this node.
	label string
	// depth is the length of all labels from the root to here.
	depth int
	// first holds the first byte of each child's label.
	first    []byte
	children []*node
	// exact, prefix and regex are ranks, ascending.
	exact, prefix, regex []int
	// up is the nearest node above with a prefix or an expression.
	up *node
}

// insert adds a rank at path; ranks come in ascending order. The result is
// valid until the next insert.
func (t *tree) insert(path string) *node {
	n := &t.root
	for path != "" {
		i := bytes.IndexByte(n.first, path[0])
		if i < 0 {
			leaf := &node{label: path, depth: n.depth + len(path)}
			n.first = append(n.first, path[0])
			n.children = append(n.children, leaf)
			return leaf
		}
		child := n.children[i]
		common := commonPrefix(child.label, path)
		if common < len(child.label) {
			child = child.split(n.depth, common)
			n.children[i] = child
		}
		n, path = child, path[common:]
	}
	return n
}

// split puts a new node above n that takes the first bytes of its label.
func (n *node) split(depth, at int) *node {
	above := &node{
		label:    n.label[:at],
		depth:    depth + at,
		first:    []byte{n.label[at]},
		children: []*node{n},
	}
	n.label = n.label[at:]
	return above
}

// finish sets the up links once all routes are in.
func (t *tree) finish() { t.root.link(nil) }

func (n *node) link(up *node) {
	n.up = up
	if len(n.prefix) > 0 || len(n.regex) > 0 {
		up = n
	}
	for _, child := range n.children {
		child.link(up)
	}
}

// walk returns the ranks whose path is exactly path, and the deepest node on
// the way with a prefix or an expression; the others follow by up.
func (t *tree) walk(path []byte) (exact []int, deepest *node) {
	n, rest := &t.root, path
	for {
		if len(rest) == 0 {
			exact = n.exact
			break
		}
		i := bytes.IndexByte(n.first, rest[0])
		if i < 0 {
			break
		}
		child := n.children[i]
		if len(rest) < len(child.label) || string(rest[:len(child.label)]) != child.label {
			break
		}
		n, rest = child, rest[len(child.label):]
	}
	if len(n.prefix) > 0 || len(n.regex) > 0 {
		return exact, n
	}
	return exact, n.up
}

// endsElement says whether a prefix that ends here ends with a whole element of path.
func (n *node) endsElement(path []byte) bool {
	return n.depth == 0 || n.depth == len(path) || path[n.depth] == '/'
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// trimSlash takes off one final "/", which makes no difference to a prefix.
func trimSlash(path string) string { return strings.TrimSuffix(path, "/") }
