// Package limits is the table of all limits on inputs. docs/reference/security.md shows it.
//
// The rule for --raise-limits N: it multiplies the limits on totals of a project, of a tenant, or
// of a file that qlsync wrote about them. It does not change the limits on one written file, one
// schema, one answer, one secret or one message, because their sizes do not grow with their number.
package limits

import (
	"fmt"
	"strconv"
	"strings"
)

// MaxRaise is the largest factor for the limits that can be raised.
const MaxRaise = 1000

// Option is the advice in messages about a limit that can be raised.
const Option = "raise the limits with --raise-limits N"

// One file that people write.
const (
	FileBytes        = 32 << 20
	FileDepth        = 64
	FileValues       = 2 << 20 // aliases counted at each use
	FileMarks        = 3 << 20
	MapEntries       = 1000
	TextBytes        = 1 << 20
	ConnectionValues = 20_000
)

// A project, over all its files.
const (
	ProjectBytes       = 64 << 20
	ProjectConnections = 200_000
	ProjectValues      = 4_000_000
	ProjectFiles       = 50_000
	ProjectMoves       = 200_000
	ProjectPatterns    = 1000
	ProjectLooks       = 500_000
	ProjectDeclared    = 1_000_000
	TenantConnections  = 50_000 // declared for one tenant: a plan holds all of them
	FilledBytes        = 64 << 20
	FleetTenants       = 20_000
	SchemaFiles        = 2000
	SchemaFolderBytes  = 64 << 20
)

// The JSON Schema of one data source.
const (
	SchemaBytes    = 4 << 20
	SchemaParts    = 10_000
	SchemaPaths    = 10_000
	SchemaDepth    = 500
	SchemaPatterns = 100_000
)

// Files that qlsync wrote.
const (
	SavedBytes   = 128 << 20
	SavedMarks   = 2_000_000
	CacheBytes   = 64 << 20
	HistoryBytes = 64 << 20
	HistoryLine  = 4 << 20
	NoteBytes    = 64 << 10 // about the holder of a lock
)

// The embedded tenant. Its packages share no code with qlsync, so StateBytes is also in its own code.
const (
	StateBytes = 128 << 20
	SeedItems  = 20_000 // of one list: each page of a list costs the embedded tenant a scan of the list
)

// SecretBytes is the size of one secret.
const SecretBytes = 1 << 20

// What a service answers.
const (
	AnswerBytes = 32 << 20
	AnswerMarks = 2_000_000
	TenantBytes = 256 << 20
	TenantItems = 250_000
	TenantPages = 10_000
)

// Limit is one line of the table.
type Limit struct {
	Of   string // what is limited, as in docs/reference/security.md
	Text string // the sentence, in which %s is the number
	Most int64
	// Bytes reports whether Most is a number of bytes.
	Bytes bool
	// Raised reports whether --raise-limits multiplies the limit.
	Raised bool
	// Test is the test that exceeds the limit.
	Test string
}

// At returns the limit multiplied by the factor if it can be raised; zero means one.
func (l Limit) At(factor int) int64 {
	if l.Raised {
		return l.Most * int64(max(1, factor))
	}
	return l.Most
}

// Hint returns what to do about an exceeded limit: wayOut, and the option if it helps.
func (l Limit) Hint(wayOut string) string {
	switch {
	case !l.Raised:
		return wayOut
	case wayOut == "":
		return Option
	}
	return wayOut + ", or " + Option
}

// String returns the line for the documentation.
func (l Limit) String() string {
	number := Grouped(l.Most)
	if l.Bytes {
		number = Size(l.Most)
	}
	if l.Raised {
		number += "*"
	}
	return strings.Replace(l.Text, "%s", number, 1)
}

// Size formats a number of bytes in the largest unit that divides it: 64 MiB.
func Size(bytes int64) string {
	switch {
	case bytes >= 1<<20 && bytes%(1<<20) == 0:
		return Grouped(bytes>>20) + " MiB"
	case bytes >= 1<<10 && bytes%(1<<10) == 0:
		return Grouped(bytes>>10) + " KiB"
	}
	return Grouped(bytes) + " bytes"
}

// Grouped formats a number with a comma before every three digits.
func Grouped(number int64) string {
	if number < 1000 {
		return strconv.FormatInt(number, 10)
	}
	return fmt.Sprintf("%s,%03d", Grouped(number/1000), number%1000)
}
