package export

import (
	"strings"
	"testing"
)

func TestTheFileOfASpaceHasANameThatEverySystemTakes(t *testing.T) {
	for space, want := range map[string]string{
		"CON": "space-con", "aux": "space-aux", "Nul": "space-nul", "PRN": "space-prn", "COM1": "space-com1", "lpt9": "space-lpt9", "con.": "space-con",
		" con ": "space-con", "con.yaml": "con-yaml", "console": "console", "COM10": "com10", "a.": "a", "a ": "a", `a<b>:"|?*\\/c`: "a-b-c",
		"..": "space", "": "space", strings.Repeat("x", 300): strings.Repeat("x", maxFileName),
	} {
		if name := fileName(space); name != want {
			t.Errorf("%q: %q, want %q", space, name, want)
		}
	}
}
