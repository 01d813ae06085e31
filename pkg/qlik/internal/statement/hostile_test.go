package statement_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/qlik/internal/statement"
)

// seen is a connection that was read in detail: the pairs of its statement, and its properties as JSON.
type seen struct{ pairs, properties string }

// ordinary are connections of which nobody lies.
var ordinary = []seen{
	{"host=db1;port=1433;database=sales;", `{"host": "db1", "port": "1433", "database": "sales"}`},
	{"host=db2;port=1434;database=stock;", `{"host": "db2", "port": "1434", "database": "stock"}`},
	{"host=db3;port=1435;database=staff;", `{"host": "db3", "port": "1435", "database": "staff"}`},
}

func plus(more ...seen) []seen { return append(append([]seen{}, ordinary...), more...) }

func whole(pairs string) statement.Text {
	return statement.NewText(`CUSTOM CONNECT TO "provider=P.exe;driver=d;` + pairs + `"`)
}

const three = `{"host": "db9", "port": "9", "database": "d9"}`

// hostile are samples with a further statement, and all that it may prove.
var hostile = map[string]struct {
	sample []seen
	pairs  string
	want   string // as JSON
}{
	"an ordinary one":                     {ordinary, "host=db9;port=9;database=d9;", three},
	"blanks before keys":                  {ordinary, " host=db9; port=9; database=d9;", three},
	"without the last separator":          {ordinary, "host=db9;port=9;database=d9", three},
	"without a key":                       {ordinary, "host=db9;database=d9;", `{"host": "db9", "database": "d9"}`},
	"only the provider":                   {ordinary, "", `{}`},
	"two connections in the sample":       {ordinary[:2], "host=db9;port=9;database=d9;", `{}`},
	"an old value in the sample":          {plus(seen{"host=db4;port=1;database=x;", `{"host": "db5", "port": "1", "database": "x"}`}), "host=db9;port=9;database=d9;", `{"port": "9", "database": "d9"}`},
	"a value that differs by its case":    {plus(seen{"host=DB4;port=1;database=x;", `{"host": "db4", "port": "1", "database": "x"}`}), "host=db9;port=9;database=d9;", `{"port": "9", "database": "d9"}`},
	"a pair that is not known":            {ordinary, "host=db9;port=9;database=d9;owner=evil;", `{}`},
	"the second half of a value, unknown": {ordinary, "host=db9;bucketOwner=evil;port=9;database=d9;", `{}`},
	"a port in the host":                  {ordinary, "host=db9;port=1433;port=9;database=d9;", `{}`},
	"a port in the host, one in all":      {ordinary, "host=db9;database=d9;port=1433;", `{}`}, // in another order than in any other
	"the same pair twice":                 {ordinary, "host=db9;host=db9;port=9;database=d9;", `{}`},
	"a key twice, in another case":        {ordinary, "host=db9;Host=db8;port=9;database=d9;", `{}`},
	"a key twice, both spellings seen":    {plus(seen{"Host=db4;port=1;database=x;", `{"port": "1", "database": "x"}`}), "host=db9;Host=db8;port=9;database=d9;", `{}`},
	"the provider twice":                  {ordinary, "provider=P.exe;host=db9;port=9;database=d9;", `{}`},
	"the provider twice, in another case": {ordinary, "Provider=Q.exe;host=db9;port=9;database=d9;", `{}`},
	"a key in another case only":          {ordinary, "HOST=db9;port=9;database=d9;", `{}`},
	"a key that looks the same":           {ordinary, "hоst=db9;port=9;database=d9;", `{}`}, // the o is Cyrillic
	"a key with an invisible character":   {ordinary, "host\u200b=db9;port=9;database=d9;", `{}`},
	"a key after a tab":                   {ordinary, "\thost=db9;port=9;database=d9;", `{}`},
	"a key with a blank behind":           {ordinary, "host =db9;port=9;database=d9;", `{}`},
	"no key":                              {ordinary, "=db9;port=9;database=d9;", `{}`},
	"a key without a value":               {ordinary, "host;port=9;database=d9;", `{}`},
	"an empty pair":                       {ordinary, "host=db9;;port=9;database=d9;", `{}`},
	"an empty value":                      {ordinary, "host=;port=9;database=d9;", `{"port": "9", "database": "d9"}`},
	"a blank as a value":                  {ordinary, "host= ;port=9;database=d9;", `{"port": "9", "database": "d9"}`},
	"a blank before a value":              {ordinary, "host= db9;port=9;database=d9;", `{"port": "9", "database": "d9"}`},
	"a blank after a value":               {ordinary, "host=db9 ;port=9;database=d9;", `{"port": "9", "database": "d9"}`},
	"a no-break space after a value":      {ordinary, "host=db9\u00a0;port=9;database=d9;", `{"port": "9", "database": "d9"}`},
	"a blank inside a value":              {ordinary, "host=db9 a;port=9;database=d9;", `{"host": "db9 a", "port": "9", "database": "d9"}`},
	"a NUL in a value":                    {ordinary, "host=db\x009;port=9;database=d9;", `{"port": "9", "database": "d9"}`},
	"a line break in a value":             {ordinary, "host=db9\nport=8;port=9;database=d9;", `{"port": "9", "database": "d9"}`},
	"a value that is no UTF-8":            {ordinary, "host=db\xff9;port=9;database=d9;", `{"port": "9", "database": "d9"}`},
	"a value with another equal sign":     {ordinary, "host=db9=x;port=9;database=d9;", `{"port": "9", "database": "d9"}`},
	"a value that contains a pair":        {ordinary, "host=port=1;port=9;database=d9;", `{"port": "9", "database": "d9"}`},
	"a letter that looks the same":        {ordinary, "host=dЬ9;port=9;database=d9;", `{"port": "9", "database": "d9"}`},
	"a full-width digit":                  {ordinary, "host=db9;port=９;database=d9;", `{"host": "db9", "database": "d9"}`},
	"a value in URL encoding":             {ordinary, "host=db%39;port=9;database=d9;", `{"port": "9", "database": "d9"}`},
	"the encoding of lists":               {ordinary, "host=a%2b%1c%2d;port=9;database=d9;", `{"port": "9", "database": "d9"}`},
	"quotes around a value":               {ordinary, "host='db9;port=8';port=9;database=d9;", `{}`},
	"double quotes in a value":            {ordinary, `host="db9";port=9;database=d9;`, `{}`},
	"braces around a value":               {ordinary, "host={db9;port=8};port=9;database=d9;", `{}`},
	"brackets around a value":             {ordinary, "host=[db9];port=9;database=d9;", `{}`},
	"keys in another order":               {ordinary, "port=9;host=db9;database=d9;", `{}`},
	"a connection of another form, seen":  {plus(seen{`host={db4};port=1;database=x;`, `{"host": "db4", "port": "1", "database": "x"}`}), "host=db9;port=9;database=d9;", three},
	"the number 1e3 for 1000":             {numbers, "port=1e3;", `{}`},
	"another notation of numbers, seen":   {append(append([]seen{}, numbers...), seen{"port=1e3;", `{"port": 1e3}`}), "port=1e4;", `{}`},
	"a leading zero":                      {numbers, "port=01;", `{}`},
	"a plus sign":                         {numbers, "port=+1;", `{}`},
	"a decimal zero":                      {numbers, "port=1.0;", `{}`},
	"minus zero":                          {numbers, "port=-0;", `{}`},
	"hexadecimal":                         {numbers, "port=0x10;", `{}`},
	"a group separator":                   {numbers, "port=1,000;", `{}`},
	"more digits than a number keeps":     {numbers, "port=90071992547409931234;", `{}`},
	"a word where numbers are":            {numbers, "port=none;", `{}`},
	"a truth value where numbers are":     {numbers, "port=true;", `{}`},
	"a number":                            {numbers, "port=7;", `{"port": 7}`},
	"a text that looks like a number":     {ordinary, "host=db9;port=007;database=d9;", `{"host": "db9", "database": "d9"}`},
	"True":                                {truths, "logs=True;", `{}`},
	"TRUE":                                {truths, "logs=TRUE;", `{}`},
	"1 for true":                          {truths, "logs=1;", `{}`},
	"true":                                {truths, "logs=true;", `{"logs": true}`},
	"True and true in the sample":         {append(append([]seen{}, truths...), seen{"logs=True;", `{"logs": true}`}), "logs=true;", `{}`},
	"a number and the same text":          {append(append([]seen{}, numbers...), seen{"port=4;", `{"port": "4"}`}), "port=7;", `{}`},
	"a list":                              {[]seen{{"h=a%2b;", `{"h": [{"name": "a", "value": "b"}]}`}, {"h=c%2d;", `{"h": [{"name": "c", "value": "d"}]}`}, {"h=e;", `{"h": []}`}}, "h=x;", `{}`},
	"a list once, a text else":            {[]seen{{"h=a;", `{"h": "a"}`}, {"h=b;", `{"h": "b"}`}, {"h=c;", `{"h": [{"name": "c"}]}`}}, "h=x;", `{}`},
	"null":                                {[]seen{{"h=a;", `{"h": "a"}`}, {"h=b;", `{"h": "b"}`}, {"h=c;", `{"h": null}`}}, "h=x;", `{}`},
	"an object":                           {[]seen{{"h=a;", `{"h": "a"}`}, {"h=b;", `{"h": "b"}`}, {"h=c;", `{"h": {"c": "c"}}`}}, "h=x;", `{}`},
	"a default that details do not show":  {plus(seen{"host=db4;port=1433;database=x;", `{"host": "db4", "database": "x"}`}), "host=db9;port=9;database=d9;", `{"host": "db9", "database": "d9"}`},
	"a default that statements leave out": {plus(seen{"host=db4;database=x;", `{"host": "db4", "port": "1433", "database": "x"}`}), "host=db9;port=9;database=d9;", three},
	"that one is not in it":               {plus(seen{"host=db4;database=x;", `{"host": "db4", "port": "1433", "database": "x"}`}), "host=db9;database=d9;", `{"host": "db9", "database": "d9"}`},
	"a property that details hide":        {[]seen{{"pwd=a;host=b;", `{"host": "b"}`}, {"pwd=a;host=c;", `{"host": "c"}`}, {"pwd=a;host=d;", `{"host": "d"}`}}, "pwd=x;host=e;", `{"host": "e"}`},
	"swapped values":                      {plus(seen{"host=x;port=1;database=db4;", `{"host": "db4", "port": "1", "database": "x"}`}), "host=db9;port=9;database=d9;", `{"port": "9"}`},
	"another name":                        {renamed, "db=d9;", `{"database": "d9"}`},
	"another name, two distinct values":   {append(append([]seen{}, renamed[:2]...), renamed[1]), "db=d9;", `{}`},
	"another name, two keys that fit":     {[]seen{{"db=a;dbx=a;", `{"database": "a"}`}, {"db=b;dbx=b;", `{"database": "b"}`}, {"db=c;dbx=c;", `{"database": "c"}`}}, "db=d;dbx=d;", `{}`},
	"another name, two properties that fit": {
		[]seen{{"db=a;", `{"database": "a", "catalog": "a"}`}, {"db=b;", `{"database": "b", "catalog": "b"}`}, {"db=c;", `{"database": "c", "catalog": "c"}`}}, "db=d;", `{}`,
	},
	"another name that once does not fit":  {append(append([]seen{}, renamed...), seen{"db=x;", `{"database": "y"}`}), "db=d9;", `{}`},
	"another name in other letter case":    {append(append([]seen{}, renamed...), seen{"db=X;", `{"database": "x"}`}), "db=d9;", `{}`},
	"another name, sometimes without it":   {append(append([]seen{}, renamed...), seen{"", `{"database": "y"}`}), "db=d9;", `{}`},
	"another name, a property of its own":  {[]seen{{"db=a;", `{"database": "a", "db": "a"}`}, {"db=b;", `{"database": "b", "db": "b"}`}, {"db=c;", `{"database": "c", "db": "c"}`}}, "db=d;", `{"db": "d"}`},
	"another name, that of a hidden one":   {[]seen{{"schema=a;", `{"database": "a"}`}, {"schema=b;", `{"database": "b"}`}, {"schema=c;", `{"database": "c"}`}}, "schema=d;", `{}`},
	"a constant that two keys share":       {[]seen{{"ssl=true;log=true;", `{"encrypt": true}`}, {"ssl=true;log=true;", `{"encrypt": true}`}, {"ssl=true;log=true;", `{"encrypt": true}`}}, "ssl=true;log=false;", `{}`},
	"a constant":                           {[]seen{{"timeout=30;", `{"wait": "30"}`}, {"timeout=30;", `{"wait": "30"}`}, {"timeout=30;", `{"wait": "30"}`}}, "timeout=30;", `{}`},
	"a key that only one connection has":   {plus(seen{"host=db4;port=1;database=x;schema=s;", `{"host": "db4", "port": "1", "database": "x", "schema": "s"}`}), "host=db9;port=9;database=d9;schema=t;", `{"host": "db9", "port": "9", "database": "d9", "schema": "t"}`},
	"a key of a single connection, hidden": {plus(seen{"host=db4;port=1;database=x;schema=s;", `{"host": "db4", "port": "1", "database": "x"}`}), "host=db9;port=9;database=d9;schema=t;", three},
	"encoded values in the sample":         {plus(seen{"host=a%3Bb;port=1;database=x;", `{"host": "a;b", "port": "1", "database": "x"}`}), "host=db9;port=9;database=d9;", three},
	"the encoded value as a property":      {ordinary, "host=a%3Bb;port=9;database=d9;", `{"port": "9", "database": "d9"}`},
	"a very long value":                    {ordinary, "host=" + strings.Repeat("a", 100_000) + ";port=9;database=d9;", `{}`},
	"ten thousand keys":                    {ordinary, "host=db9;port=9;database=d9;" + many(10_000), `{}`},
}

var (
	numbers = []seen{{"port=1;", `{"port": 1}`}, {"port=2;", `{"port": 2}`}, {"port=1000;", `{"port": 1000}`}}
	truths  = []seen{{"logs=true;", `{"logs": true}`}, {"logs=false;", `{"logs": false}`}, {"logs=false;", `{"logs": false}`}}
	renamed = []seen{{"db=a;", `{"database": "a"}`}, {"db=b;", `{"database": "b"}`}, {"db=c;", `{"database": "c"}`}}
)

func many(keys int) string {
	var b strings.Builder
	for i := range keys {
		fmt.Fprintf(&b, "k%d=v;", i)
	}
	return b.String()
}

func TestNoHostileStatementProvesMoreThanItMay(t *testing.T) {
	for name, test := range hostile {
		t.Run(name, func(t *testing.T) {
			sample := statement.NewSample("host", "port", "database", "schema", "logs", "h")
			for _, one := range test.sample {
				sample.Add(whole(one.pairs).Parse(), decoded(t, one.properties))
			}
			got := sample.Properties(whole(test.pairs).Parse())
			if got == nil {
				got = map[string]any{}
			}
			if diff := cmp.Diff(decoded(t, test.want), got); diff != "" {
				t.Errorf("-want +got what is proved:\n%s", diff)
			}
		})
	}
}

// decoded returns an object as the client decodes it.
func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	object := map[string]any{}
	if err := d.Decode(&object); err != nil {
		t.Fatal(err)
	}
	return object
}
