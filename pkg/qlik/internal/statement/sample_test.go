package statement_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qlsync/qlsync/pkg/qlik/internal/statement"
)

type properties = map[string]any

// known is a connection of a sample: the pairs of its statement, and its properties.
type known struct {
	pairs string
	shown properties
}

func text(pairs string) statement.Text {
	return statement.NewText(`CUSTOM CONNECT TO "provider=QvOdbcConnectorPackage.exe;` + pairs + `"`)
}

func learn(sample []known, names ...string) *statement.Sample {
	s := statement.NewSample(names...)
	for _, one := range sample {
		s.Add(text(one.pairs).Parse(), one.shown)
	}
	return s
}

// databases are connections of which the statements show host, port and ssl, and, under another
// name, database.
func databases() []known {
	var sample []known
	for i := range 5 {
		sample = append(sample, known{
			fmt.Sprintf("host=db%d;port=%d;ssl=%t;db=base%d;", i, 1430+i, i > 0, i),
			properties{"host": fmt.Sprint("db", i), "port": json.Number(fmt.Sprint(1430 + i)), "ssl": i > 0, "database": fmt.Sprint("base", i)},
		})
	}
	return sample
}

// and returns the databases and further connections.
func and(more ...known) []known { return append(databases(), more...) }

func TestPropertiesThatAgreeInTheWholeSampleAreProved(t *testing.T) {
	for name, test := range map[string]struct {
		sample []known
		pairs  string
		want   properties
	}{
		"all": {
			databases(), "host=db9;port=1500;ssl=true;db=sales;",
			properties{"host": "db9", "port": json.Number("1500"), "ssl": true, "database": "sales"},
		},
		"without the last separator": {databases(), "host=db9;port=1500", properties{"host": "db9", "port": json.Number("1500")}},
		"spaces before keys":         {databases(), " host=db9; port=1500;", properties{"host": "db9", "port": json.Number("1500")}},
		"every clean character":      {databases(), `host=aZ_.:/\@,+~ -9;`, properties{"host": `aZ_.:/\@,+~ -9`}},
		"a property that some connections lack": {
			and(known{"host=a;timeout=30;", properties{"host": "a", "timeout": "30"}}), "host=b;timeout=60;", properties{"host": "b", "timeout": "60"},
		},
		"a default that only the properties have": {
			and(known{"host=a;", properties{"host": "a", "port": json.Number("1433")}}), "host=b;port=7;", properties{"host": "b", "port": json.Number("7")},
		},
		"a number as a text": {
			and(known{"host=a;version=12;", properties{"host": "a", "version": "12"}}), "host=b;version=13;", properties{"host": "b", "version": "13"},
		},
		"a value with other characters says nothing about clean ones": {
			and(known{"host=a=b;", properties{"host": "a=b"}}), "host=b;", properties{"host": "b"},
		},
		"next to a list": {
			and(known{"host=a;queryHeaders=X%2y;", properties{"host": "a", "queryHeaders": []any{map[string]any{"name": "X", "value": "y"}}}}),
			"host=b;queryHeaders=X%2z;",
			properties{"host": "b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := learn(test.sample).Properties(text(test.pairs).Parse())
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the proved properties of %q differ from those that the sample confirms (-want +got):\n%s", test.pairs, diff)
			}
		})
	}
}

func TestNoFalseProof(t *testing.T) {
	buckets := func() (sample []known) {
		for i := range 5 {
			sample = append(sample, known{
				fmt.Sprintf("region=eu-%d;bucketName=b%d;", i, i), properties{"region": fmt.Sprint("eu-", i), "bucketName": fmt.Sprint("b", i)},
			})
		}
		return sample
	}
	ten := func(pairs string, shown properties) (sample []known) {
		for range 10 {
			sample = append(sample, known{pairs, shown})
		}
		return sample
	}
	optional := []known{ // host, then port, then ssl, of which only host is in every statement
		{"host=a;", properties{"host": "a"}},
		{"host=b;port=1;", properties{"host": "b", "port": "1"}},
		{"host=c;port=2;ssl=on;", properties{"host": "c", "port": "2", "ssl": "on"}},
		{"host=d;ssl=off;user=x;", properties{"host": "d", "ssl": "off", "user": "x"}},
	}
	mixed := func(with string, value any) []known {
		return and(known{"host=a;level=" + with + ";", properties{"host": "a", "level": value}})
	}
	for name, test := range map[string]struct {
		sample []known
		names  []string // of properties in the schema
		pairs  string
		truth  properties // what the detail would show
	}{
		"a bucket whose name looks like a further pair": {buckets(), nil, "region=eu;bucketName=orders;bucketOwner=evil;", properties{"region": "eu", "bucketName": "orders;bucketOwner=evil"}},
		"a host whose name looks like a port":           {databases(), nil, "host=db9;port=1433;port=1500;", properties{"host": "db9;port=1433", "port": json.Number("1500")}},
		"the same in another letter case":               {databases(), nil, "host=db9;Port=1433;port=1500;", properties{"host": "db9;Port=1433", "port": json.Number("1500")}},
		"the same with a space":                         {databases(), nil, "host=db9; port=1433;port=1500;", properties{"host": "db9; port=1433", "port": json.Number("1500")}},
		"a constant that two keys share": {
			ten("host=a;alpha=x;beta=x;", properties{"host": "a", "gamma": "x"}), nil, "host=a;alpha=y;beta=x;", properties{"host": "a", "gamma": "x"},
		},
		"a constant under one other key": {
			ten("host=a;alpha=x;", properties{"host": "a", "gamma": "x"}), nil, "host=a;alpha=y;", properties{"host": "a", "gamma": "x"},
		},
		"two values under another key": {
			[]known{
				{"k=1;", properties{"p": "1"}}, {"k=2;", properties{"p": "2"}}, {"k=2;", properties{"p": "2"}}, {"k=1;", properties{"p": "1"}},
			}, nil, "k=3;", properties{"p": "4"},
		},
		"three values under two other keys": {
			[]known{
				{"k=1;l=1;", properties{"p": "1"}}, {"k=2;l=2;", properties{"p": "2"}}, {"k=3;l=3;", properties{"p": "3"}},
			}, nil, "k=4;l=5;", properties{"p": "5"},
		},
		"two properties that fit one other key": {
			[]known{
				{"k=1;", properties{"p": "1", "q": "1"}}, {"k=2;", properties{"p": "2", "q": "2"}}, {"k=3;", properties{"p": "3", "q": "3"}},
			}, nil, "k=4;", properties{"p": "4", "q": "5"},
		},
		"the key of another property": {
			[]known{
				{"host=1;", properties{"host": "1", "server": "1"}}, {"host=2;", properties{"host": "2", "server": "2"}}, {"host=3;", properties{"host": "3", "server": "3"}},
			}, nil, "host=4;", properties{"host": "4", "server": "5"},
		},
		"the key of a property that the sample does not show": {
			[]known{{"schema=a;", properties{"database": "a"}}, {"schema=b;", properties{"database": "b"}}, {"schema=c;", properties{"database": "c"}}},
			[]string{"schema", "database"},
			"schema=d;",
			properties{"schema": "d", "database": "e"},
		},
		"another key that a connection lacks": {
			[]known{{"k=1;", properties{"p": "1"}}, {"k=2;", properties{"p": "2"}}, {"k=3;", properties{"p": "3"}}, {"m=1;", properties{"p": "9"}}},
			nil, "k=4;",
			properties{"p": "5"},
		},
		"a key that the properties do not show": {
			and(known{"host=a;port=9;", properties{"host": "a"}}), nil, "host=b;port=1433;", properties{"host": "b"},
		},
		"a key that the properties show as null": {
			and(known{"host=a;port=9;", properties{"host": "a", "port": nil}}), nil, "host=b;port=1433;", properties{"host": "b", "port": nil},
		},
		"an old value": {and(known{"host=old;", properties{"host": "new"}}), nil, "host=db;", properties{"host": "other"}},
		"an old number": {
			and(known{"host=a;port=1;", properties{"host": "a", "port": json.Number("2")}}), nil, "host=a;port=1500;", properties{"host": "a", "port": json.Number("1")},
		},
		"two properties that are swapped": {
			[]known{
				{"a=1;b=2;", properties{"a": "2", "b": "1"}}, {"a=3;b=4;", properties{"a": "4", "b": "3"}}, {"a=5;b=6;", properties{"a": "6", "b": "5"}},
			}, nil, "a=7;b=8;", properties{"a": "8", "b": "7"},
		},
		"a text in another letter case": {
			and(known{"host=DB;", properties{"host": "db"}}), nil, "host=X;", properties{"host": "x"},
		},
		"a blank that is trimmed": {databases(), nil, "host= db;", properties{"host": "db"}},
		"a blank at the end":      {databases(), nil, "host=db ;", properties{"host": "db"}},
		"an empty value":          {databases(), nil, "host=;port=1500;", properties{"port": json.Number("1500")}},
		"an encoded character":    {databases(), nil, "host=a%2b;", properties{"host": "a=b"}},
		"an encoded clean character": {
			and(known{"host=a%2Fb;", properties{"host": "a/b"}}), nil, "host=c/d;", properties{"host": "c%2Fd"},
		},
		"a clean value of an encoded property": {
			and(known{"host=QUJD;", properties{"host": "a&b"}}), nil, "host=RUZH;", properties{"host": "c&d"},
		},
		"a percent sign":              {databases(), nil, "host=100%;", properties{"host": "100%25"}},
		"an equals sign":              {databases(), nil, "host=a=b;", properties{"host": "a"}},
		"an ampersand":                {databases(), nil, "host=a&amp;b;", properties{"host": "a&b"}},
		"a question mark":             {databases(), nil, "host=a?b;", properties{"host": "a"}},
		"a quote":                     {databases(), nil, `host=a"b;port=1500;`, properties{"host": `a"b;port=1500`}},
		"two quotes":                  {databases(), nil, `host="a;port=1500;";`, properties{"host": "a;port=1500;"}},
		"an apostrophe":               {databases(), nil, `host='a;port=1500;';`, properties{"host": "a;port=1500;"}},
		"braces":                      {databases(), nil, `host={a;port=1500};`, properties{"host": "a;port=1500"}},
		"brackets":                    {databases(), nil, `host=[a;port=1500];`, properties{"host": "a;port=1500"}},
		"a letter outside of ASCII":   {databases(), nil, "host=bücher;", properties{"host": "b\u0075\u0308cher"}},
		"a letter that looks alike":   {databases(), nil, "host=dа;", properties{"host": "xn--d-7sb"}},
		"a line feed":                 {databases(), nil, "host=a\nb;", properties{"host": "a b"}},
		"a tab":                       {databases(), nil, "host=a\tb;", properties{"host": "a b"}},
		"a null character":            {databases(), nil, "host=a\x00b;", properties{"host": "a"}},
		"a separator without a pair":  {databases(), nil, "host=a;;port=1500;", properties{"host": "a;", "port": json.Number("1500")}},
		"a text without a key":        {databases(), nil, "host=a;b;port=1500;", properties{"host": "a;b", "port": json.Number("1500")}},
		"a text with an empty key":    {databases(), nil, "host=a;=b;port=1500;", properties{"host": "a;=b", "port": json.Number("1500")}},
		"a text with an unlikely key": {databases(), nil, "host=a;b c=d;port=1500;", properties{"host": "a;b c=d", "port": json.Number("1500")}},
		"a known key at another place": {
			optional, nil, "host=e;ssl=on;port=3;", properties{"host": "e", "ssl": "on;port=3"},
		},
		"an unknown key":               {databases(), nil, "host=a;port=1500;secret=x;", properties{"host": "a", "port": json.Number("1500;secret=x")}},
		"a key in another letter case": {databases(), nil, "HOST=a;port=1500;", properties{"host": "x", "port": json.Number("1500;")}},
		"a text that a service reads as a number": {
			mixed("high", "high"), nil, "host=a;level=007;", properties{"host": "a", "level": json.Number("7")},
		},
		"a text that a service reads as a truth value": {
			mixed("high", "high"), nil, "host=a;level=true;", properties{"host": "a", "level": true},
		},
		"a number that a service shows as a text": {
			append(mixed("1", json.Number("1")), known{"host=a;level=2;", properties{"host": "a", "level": "2"}}),
			nil, "host=a;level=3;",
			properties{"host": "a", "level": "3"},
		},
		"a truth value that a service shows as a text": {
			append(mixed("true", true), known{"host=a;level=false;", properties{"host": "a", "level": "false"}}),
			nil, "host=a;level=true;",
			properties{"host": "a", "level": "true"},
		},
		"a truth value in capital letters":            {databases(), nil, "ssl=True;", properties{"ssl": true}},
		"a number with a leading zero":                {databases(), nil, "port=01433;", properties{"port": json.Number("1433")}},
		"a number with a sign":                        {databases(), nil, "port=+1433;", properties{"port": json.Number("1433")}},
		"a negative zero":                             {databases(), nil, "port=-0;", properties{"port": json.Number("0")}},
		"a number with an exponent":                   {databases(), nil, "port=1e3;", properties{"port": json.Number("1000")}},
		"a number that a binary one cannot represent": {databases(), nil, "port=9007199254740993;", properties{"port": json.Number("9007199254740992")}},
		"a list that was a scalar": {
			and(known{"host=a;port=9;", properties{"host": "a", "port": []any{"9"}}}), nil, "host=a;port=1500;", properties{"host": "a", "port": []any{"1500"}},
		},
		"an object": {
			ten("host=a;port=9;", properties{"host": "a", "port": map[string]any{"value": "9"}}), nil, "host=a;port=9;", properties{"host": "a", "port": map[string]any{"value": "9"}},
		},
		"two connections are not a sample": {
			databases()[:2], nil, "host=a;port=1500;", properties{"host": "x", "port": json.Number("1")},
		},
		"no sample": {nil, nil, "host=a;port=1500;", properties{"host": "x", "port": json.Number("1")}},
	} {
		t.Run(name, func(t *testing.T) {
			got := learn(test.sample, test.names...).Properties(text(test.pairs).Parse())
			for _, name := range slices.Sorted(maps.Keys(got)) {
				if want, shown := test.truth[name]; !shown || !cmp.Equal(want, got[name]) {
					t.Errorf("property %s of %q is proved to be %#v, want no proof: the detail shows %#v", name, test.pairs, got[name], want)
				}
			}
		})
	}
}

func TestDisagreementsAreToldByName(t *testing.T) {
	sample := learn(and(
		known{"host=old;port=1;", properties{"host": "new", "port": json.Number("2")}},
		known{"host=a;timeout=30;", properties{"host": "a", "timeout": []any{"30"}}},
		known{"host=a&b;user=x;", properties{"host": "a&b", "user": "x", "extra": "y"}},
	))
	if got, want := sample.Disagreements(), []string{"host", "port"}; !slices.Equal(got, want) {
		t.Errorf("got disagreements %q, want %q: of two properties the statements have other values", got, want)
	}
}

func TestOtherFormsAreNotDecoded(t *testing.T) {
	for name, text := range map[string]string{
		"empty":               "",
		"a folder":            `C:\qlik\doc\dataset\`,
		"a URL":               "http://host:5555/data?connectorID=x",
		"OLEDB":               "OLEDB CONNECT TO [Provider=SQLOLEDB.1;Password=x;]",
		"ODBC":                "ODBC CONNECT TO [DSN=Redshift;UID=etl;PWD=x]",
		"small letters":       `custom connect to "provider=x;"`,
		"no end":              `CUSTOM CONNECT TO "provider=x;`,
		"something after":     `CUSTOM CONNECT TO "provider=x;";`,
		"only the beginning":  `CUSTOM CONNECT TO "`,
		"no pairs":            `CUSTOM CONNECT TO ""`,
		"a pair without =":    `CUSTOM CONNECT TO "provider=x;driver;"`,
		"two statements":      `CUSTOM CONNECT TO "provider=x;"CUSTOM CONNECT TO "provider=y;"`,
		"a key that is twice": `CUSTOM CONNECT TO "provider=x;a=1;A=2;"`,
	} {
		t.Run(name, func(t *testing.T) {
			if statement.NewText(text).Parse() != nil {
				t.Errorf("%q was decoded, want nothing: its form is not known", text)
			}
		})
	}
}

func TestNoFormatterShowsAStatement(t *testing.T) {
	whole := text("password=hunter2;")
	parsed := whole.Parse()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{whole, &whole, parsed, *parsed, struct{ S any }{whole}, []any{parsed}} {
			if got := fmt.Sprintf(verb, value); !strings.Contains(got, "(statement)") || strings.Contains(got, "hunter") || strings.Contains(got, "68756e") {
				t.Errorf("%s of %T is %q, want only a placeholder", verb, value, got)
			}
		}
	}
	for _, value := range []any{whole, &whole, parsed, *parsed} {
		if got, err := json.Marshal(value); err != nil || string(got) != `"(statement)"` {
			t.Errorf("JSON of %T is %s (%v), want only a placeholder", value, got, err)
		}
	}
}

func TestTheSizeOfASampleGrowsWithTheLogarithm(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 1, 4: 4, 5: 5, 6: 6, 7: 6, 8: 6, 9: 7, 1000: 13, 1024: 13, 1025: 14, 10000: 17} {
		if got := statement.Size(n); got != want {
			t.Errorf("got a sample of %d of %d connections, want %d", got, n, want)
		}
	}
}
