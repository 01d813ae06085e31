package report

import (
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/connection"
)

func TestAPathBecomesAReference(t *testing.T) {
	for file, want := range map[string]string{
		"qlsync.yaml":                    "qlsync.yaml",
		"connections/finance.yaml":       "connections/finance.yaml",
		"../common/finance.yaml":         "../common/finance.yaml",
		"a b/100%/ä#?.yaml":              "a%20b/100%25/%C3%A4%23%3F.yaml",
		"a:b.yaml":                       "./a:b.yaml",
		"/home/ana/my files/qlsync.yaml": "file:///home/ana/my%20files/qlsync.yaml",
		"C:/Users/Ana B/qlsync.yaml":     "file:///C:/Users/Ana%20B/qlsync.yaml",
		`d:\data\qlsync.yaml`:            "file:///d:/data/qlsync.yaml",
		"//server/share/p 1/qlsync.yaml": "file://server/share/p%201/qlsync.yaml",
		"C:relative.yaml":                "./C:relative.yaml",
		`back\slash.yaml`:                `back%5Cslash.yaml`,
	} {
		if uri := fileURI(file); uri != want {
			t.Errorf("%s becomes %s, want %s", file, uri, want)
		}
	}
}

func TestAnAnnotationMayBeAboutAFileOnADrive(t *testing.T) {
	var text strings.Builder
	problem := connection.Problem{Position: connection.Position{File: "C:/Users/Ana B/qlsync.yaml", Line: 3, Column: 4}, Message: "is wrong"}
	if err := (GitHub{}).Problems(&text, connection.Problems{problem}); err != nil {
		t.Fatal(err)
	}
	if want := "::error file=C%3A/Users/Ana B/qlsync.yaml,line=3,col=4,title=qlsync::is wrong\n"; text.String() != want {
		t.Errorf("%q, want %q", text.String(), want)
	}
}
