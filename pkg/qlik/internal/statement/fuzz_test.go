package statement_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/qlik/internal/statement"
)

// writers are ways in which a connector may write a value; all of them leave plain values as they are, and no two values become the same.
var writers = []func(string) string{
	func(value string) string { return value },
	func(value string) string { // as ODBC does
		if strings.ContainsAny(value, `;{}"= `) {
			return "{" + strings.ReplaceAll(value, "}", "}}") + "}"
		}
		return value
	},
	url.PathEscape,
	strings.NewReplacer("%", "%%", "=", "%2", ";", "%1").Replace, // as REST connections do
	func(value string) string { return strings.ReplaceAll(value, ";", `\;`) },
	func(value string) string {
		if strings.ContainsAny(value, `;'`) {
			return "'" + strings.ReplaceAll(value, "'", "''") + "'"
		}
		return value
	},
	func(value string) string { return strings.ReplaceAll(value, ";", ";;") },
	func(value string) string { return strings.ReplaceAll(value, ";", "&#59;") },
}

// layout is how the statements of one connector are: the reference knows it, and the sample must find out.
type layout struct {
	write    func(string) string
	database string // what statements call the property database
	more     string // pairs that are not properties
}

var layouts = []layout{{database: "database"}, {database: "db"}, {database: "db", more: "log=false;"}, {database: "database", more: "log=false;schema=main;"}}

// pairs returns what the connector writes of a connection.
func (l layout) pairs(host, port, database string) string {
	pairs := "host=" + l.write(host) + ";"
	if port != "" {
		pairs += "port=" + l.write(port) + ";"
	}
	return pairs + l.database + "=" + l.write(database) + ";" + l.more
}

// isAmbiguous reports whether values with ; in them make the pairs of another connection, with known keys that are there
// once: no rule about keys can tell them from pairs.
func (l layout) isAmbiguous(host, port, database string) bool {
	known := []string{"host", "port", l.database, "log", "schema", "provider", "driver"}
	seen := map[string]bool{"provider": true, "driver": true}
	for pair := range strings.SplitSeq(strings.TrimSuffix(l.pairs(host, port, database), ";"), ";") {
		key, _, isPair := strings.Cut(pair, "=")
		if key = strings.TrimLeft(key, " "); !isPair || seen[key] || !slices.Contains(known, key) {
			return false
		}
		seen[key] = true
	}
	return strings.Contains(l.write(host)+l.write(port)+l.write(database), ";")
}

// FuzzStatement decodes any text, and lets a connector write the statement of a connection with any values: what is proved
// is what the connection has.
func FuzzStatement(f *testing.F) {
	for _, test := range hostile {
		f.Add(test.pairs, byte(0), byte(0), "db9", "9", "d9")
	}
	for i := range writers {
		for j := range layouts {
			f.Add("", byte(i), byte(j), "orders;port=1433", "", "evil")
			f.Add("", byte(i), byte(j), " a=b;{c}%2 ", "x;log=true", "d;host=e")
		}
	}
	f.Fuzz(func(t *testing.T, text string, writer, form byte, host, port, database string) {
		for _, text := range []statement.Text{statement.NewText(text), whole(text)} {
			if got := fmt.Sprintf("%v%+v%#v", text, text.Parse(), text); text.Parse() != nil && got != strings.Repeat("(statement)", 3) {
				t.Errorf("got %q in the place of a statement", got)
			}
			loose := statement.NewSample("host")
			for range 3 {
				loose.Add(text.Parse(), map[string]any{"host": host, "port": port})
			}
			for name, value := range loose.Properties(text.Parse()) {
				if truth := map[string]any{"host": host, "port": port}[name]; value != truth {
					t.Errorf("got %s %q from a sample in which it is always %q", name, value, truth)
				}
			}
		}
		l := layouts[int(form)%len(layouts)]
		l.write = writers[int(writer)%len(writers)]
		sample := statement.NewSample("host", "port", "database")
		for i := range 5 {
			host, port, database := fmt.Sprint("db", i), fmt.Sprint(1433+i), fmt.Sprint("sales ", i)
			sample.Add(whole(l.pairs(host, port, database)).Parse(), map[string]any{"host": host, "port": port, "database": database})
		}
		truth := map[string]any{"host": host, "port": port, "database": database}
		for name, value := range sample.Properties(whole(l.pairs(host, port, database)).Parse()) {
			if value != truth[name] && !l.isAmbiguous(host, port, database) {
				t.Errorf("writer %d, form %d: %s is proved to be %q, and is %q in %q", writer, form, name, value, truth[name], truth)
			}
		}
	})
}
