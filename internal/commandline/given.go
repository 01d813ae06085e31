package commandline

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Given returns the flags of a line, quoted for this computer, if they are among the known ones and
// not among the excluded ones.
func Given(c *cli.Context, known []cli.Flag, but ...string) string {
	var words strings.Builder
	for _, flag := range known {
		names := flag.Names()
		if !c.IsSet(names[0]) || slices.Contains(but, names[0]) {
			continue
		}
		name := "--" + names[0]
		for _, alias := range names {
			if len(alias) == 1 {
				name = "-" + alias
			}
		}
		switch value := c.Value(names[0]).(type) {
		case bool:
			if value {
				words.WriteString(" " + name)
			} else {
				words.WriteString(" " + name + "=false")
			}
		case cli.StringSlice:
			for _, one := range value.Value() {
				words.WriteString(" " + name + " " + Quote(runtime.GOOS, one))
			}
		default:
			words.WriteString(" " + name + " " + Quote(runtime.GOOS, fmt.Sprint(value)))
		}
	}
	return words.String()
}
