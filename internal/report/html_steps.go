package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/qlsync/qlsync/pkg/connection"
)

// The sizes of a drawing of steps, in pixels.
const (
	boxWidth, boxHeight = 200, 54
	boxGap              = 14 // between neighbours
	layerGap            = 56 // where the arrows are
	passing             = 10 // of an arrow along boxes
	widestRow           = 4  // boxes next to each other, for a page without scrolling
)

// drawing is the places of the boxes of groups of steps, and the paths of the arrows.
type drawing struct {
	width, height int
	boxes         []spot
	arrows        []string
}

type spot struct{ x, y int }

// flowNode is a box in a layer, or a point where an arrow crosses the layer.
type flowNode struct {
	box          int // index of the group; negative: an arrow
	layer        int
	begin        int // place within the layer: first an index, at the end in pixels
	before, next []*flowNode
}

// drawSteps places each group in the layer after all groups for which it waits. Layers are columns,
// or rows if there are many.
func drawSteps(groups []stepGroup) drawing {
	waits := reduced(groups)
	layers := layered(waits)
	if len(layers) == 1 {
		return drawGrid(len(groups))
	}
	for range 2 {
		for _, layer := range layers[1:] {
			sortByNeighbours(layer, func(n *flowNode) []*flowNode { return n.before })
		}
		for _, layer := range slices.Backward(layers[:len(layers)-1]) {
			sortByNeighbours(layer, func(n *flowNode) []*flowNode { return n.next })
		}
	}
	isRows := len(layers) > widestRow
	along, across := boxWidth, boxHeight // a box's size from layer to layer, and within its layer
	if isRows {
		along, across = boxHeight, boxWidth
	}
	breadth := 0
	for _, layer := range layers {
		at := 0
		for _, n := range layer {
			n.begin = at
			at += n.size(across) + boxGap
		}
		breadth = max(breadth, at-boxGap)
	}
	d := drawing{width: len(layers)*(along+layerGap) - layerGap, height: breadth, boxes: make([]spot, len(groups))}
	spotOf := func(main, cross int) spot { return spot{main, cross} }
	if isRows {
		d.width, d.height = d.height, d.width
		spotOf = func(main, cross int) spot { return spot{cross, main} }
	}
	for _, layer := range layers {
		last := layer[len(layer)-1]
		shift := (breadth - last.begin - last.size(across)) / 2
		for _, n := range layer {
			if n.begin += shift; n.box >= 0 {
				d.boxes[n.box] = spotOf(n.layer*(along+layerGap), n.begin)
			}
		}
	}
	for _, layer := range layers {
		for _, n := range layer {
			for _, next := range n.next {
				if n.box >= 0 {
					d.arrows = append(d.arrows, arrow(n, next, along, across, spotOf))
				}
			}
		}
	}
	return d
}

// size returns the extent of a node within its layer.
func (n *flowNode) size(across int) int {
	if n.box < 0 {
		return passing
	}
	return across
}

// drawGrid places boxes without dependencies.
func drawGrid(n int) drawing {
	columns := min(n, widestRow)
	rows := (n + columns - 1) / columns
	d := drawing{width: columns*(boxWidth+boxGap) - boxGap, height: rows*(boxHeight+boxGap) - boxGap}
	for i := range n {
		d.boxes = append(d.boxes, spot{i % columns * (boxWidth + boxGap), i / columns * (boxHeight + boxGap)})
	}
	return d
}

// reduced returns the groups for which each group waits, without indirect ones.
func reduced(groups []stepGroup) [][]int {
	earlier := make([]map[int]bool, len(groups)) // all groups before a group
	waits := make([][]int, len(groups))
	for i, g := range groups {
		earlier[i] = map[int]bool{}
		for _, w := range g.waits {
			earlier[i][w] = true
			for e := range earlier[w] {
				earlier[i][e] = true
			}
		}
		for _, w := range g.waits {
			if !slices.ContainsFunc(g.waits, func(other int) bool { return earlier[other][w] }) {
				waits[i] = append(waits[i], w)
			}
		}
	}
	return waits
}

// layered puts each group into the first layer after its dependencies, and connects them, with a
// node in each layer that an arrow crosses.
func layered(waits [][]int) [][]*flowNode {
	var layers [][]*flowNode
	add := func(n *flowNode) *flowNode {
		for len(layers) <= n.layer {
			layers = append(layers, nil)
		}
		n.begin = len(layers[n.layer])
		layers[n.layer] = append(layers[n.layer], n)
		return n
	}
	nodes := make([]*flowNode, len(waits))
	for i, all := range waits {
		n := &flowNode{box: i}
		for _, w := range all {
			n.layer = max(n.layer, nodes[w].layer+1)
		}
		nodes[i] = add(n)
		for _, w := range all {
			from := nodes[w]
			for layer := from.layer + 1; layer < n.layer; layer++ {
				from = join(from, add(&flowNode{box: -1, layer: layer}))
			}
			join(from, n)
		}
	}
	return layers
}

func join(from, to *flowNode) *flowNode {
	from.next, to.before = append(from.next, to), append(to.before, from)
	return to
}

// sortByNeighbours orders a layer by the places of its neighbours, so that few arrows cross.
func sortByNeighbours(layer []*flowNode, neighbours func(*flowNode) []*flowNode) {
	mean := make(map[*flowNode]float64, len(layer))
	for i, n := range layer {
		mean[n] = float64(i)
		if near := neighbours(n); len(near) > 0 {
			sum := 0
			for _, other := range near {
				sum += other.begin
			}
			mean[n] = float64(sum) / float64(len(near))
		}
	}
	slices.SortStableFunc(layer, func(x, y *flowNode) int { return cmp.Compare(mean[x], mean[y]) })
	for i, n := range layer {
		n.begin = i
	}
}

// arrow returns the path from a box to a later one, through the layers between them.
func arrow(from, to *flowNode, along, across int, spotOf func(main, cross int) spot) string {
	var path strings.Builder
	end := func(n *flowNode, main int) spot { return spotOf(main, n.begin+n.size(across)/2) }
	at := end(from, from.layer*(along+layerGap)+along)
	fmt.Fprintf(&path, "M%d %d", at.x, at.y)
	for {
		start := to.layer * (along + layerGap)
		half := spotOf(start-layerGap/2, from.begin+from.size(across)/2)
		other := spotOf(start-layerGap/2, to.begin+to.size(across)/2)
		target := end(to, start)
		fmt.Fprintf(&path, "C%d %d %d %d %d %d", half.x, half.y, other.x, other.y, target.x, target.y)
		if to.box >= 0 {
			return path.String()
		}
		past := end(to, start+along)
		fmt.Fprintf(&path, "L%d %d", past.x, past.y)
		from, to = to, to.next[0]
	}
}

// stepClass returns the class of changes that fits a group of steps best.
func stepClass(kind string) string {
	switch connection.OperationKind(kind) {
	case connection.Create:
		return "create"
	case connection.Delete, connection.BulkDelete:
		return "delete"
	case connection.Recreate:
		return "recreate"
	case connection.AskSignIn:
		return "manual"
	}
	return "update"
}
