package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/qlsync/qlsync/internal/engine"
	"github.com/qlsync/qlsync/pkg/spec"
)

// projectOf reads a project with tenants of these names.
func projectOf(t *testing.T, names ...string) *engine.Project {
	t.Helper()
	text := "version: 1\nproject: fleet\nconnections: []\ntenants:\n"
	for i, name := range names {
		text += fmt.Sprintf("  %q: {url: %q, auth: {apiKey: {env: KEY}}}\n", name, fmt.Sprintf("https://t%d.eu.qlikcloud.com", i))
	}
	file := filepath.Join(t.TempDir(), "qlsync.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	project, err := (&engine.Host{}).ReadProject(t.Context(), engine.ProjectOptions{File: file})
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func namesOf(tenants []spec.Tenant) string {
	var names []string
	for i := range tenants {
		names = append(names, tenants[i].Name)
	}
	return strings.Join(names, " ")
}

func TestTenantsAreChosenByNameBeforePattern(t *testing.T) {
	project := projectOf(t, "eu-1", "eu-2", "us-1", "eu-*", "a,b", "a")
	for _, test := range []struct {
		names, want string
		isSeveral   bool
	}{
		{"", "eu-1 eu-2 us-1 eu-* a,b a", false},
		{"eu-1", "eu-1", false},
		{"eu-*", "eu-*", false}, // the name of a tenant
		{"a,b", "a,b", false},
		{"eu-?", "eu-1 eu-2 eu-*", true},
		{"us-*,eu-1", "eu-1 us-1", true},
		{"eu-1, us-1", "eu-1 us-1", true},
		{"eu-1,eu-1,eu-?", "eu-1 eu-2 eu-*", true},
		{"*", "eu-1 eu-2 us-1 eu-* a,b a", true},
	} {
		tenants, err := project.Choose(engine.TenantChoice{Names: test.names})
		if err != nil || namesOf(tenants) != test.want || project.IsSeveral(test.names) != test.isSeveral {
			t.Errorf("-t %q: got %q, several: %t, error %v; want %q, %t", test.names, namesOf(tenants), project.IsSeveral(test.names), err, test.want, test.isSeveral)
		}
	}
}

func TestANameOrPatternWithoutATenantIsAnError(t *testing.T) {
	project := projectOf(t, "eu-prod", "us-prod")
	for names, want := range map[string]string{
		"eu-prd":         `did you mean "eu-prod"?`,
		"eu-prod,us-prd": `did you mean "us-prod"?`,
		"eu-prd*":        `no tenant that matches "eu-prd*" (did you mean "eu-prod"?)`,
		"asia-*":         `(there is eu-prod or us-prod)`,
		"eu-prod,":       "an empty name between its commas",
	} {
		tenants, err := project.Choose(engine.TenantChoice{Names: names})
		if err == nil || !strings.Contains(err.Error(), want) || len(tenants) > 0 {
			t.Errorf("-t %q: got %q and error %v, want no tenant and an error that says %q", names, namesOf(tenants), err, want)
		}
	}
}

func TestAUseCaseOfOneTenantRefusesAList(t *testing.T) {
	project := projectOf(t, "eu-1", "eu-2")
	for _, names := range []string{"eu-*", "eu-1,eu-2", "eu-1*"} {
		if _, err := project.Tenant(names); err == nil || !strings.Contains(err.Error(), "this command takes one tenant. Write its whole name, such as -t eu-1") {
			t.Errorf("-t %s: got error %v, want the rule and an example", names, err)
		}
	}
}

func TestShardsDivideTheTenants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.IntRange(1, 20).Draw(t, "count")
		urls := rapid.SliceOfDistinct(rapid.StringMatching(`https://[a-z0-9]{1,12}\.eu\.qlikcloud\.com`), rapid.ID[string]).Draw(t, "urls")
		of := func(url string) (in []int) {
			for i := range count {
				if (engine.Shard{Index: i, Count: count}).Has((&spec.Tenant{URL: url}).Identity()) {
					in = append(in, i)
				}
			}
			return in
		}
		before := map[string][]int{}
		for _, url := range urls {
			if before[url] = of(url); len(before[url]) != 1 {
				t.Fatalf("tenant %s is in the shards %v of %d, want one shard", url, before[url], count)
			}
		}
		// The answer for a tenant takes no other tenant, so that one that is added moves none.
		for _, url := range slices.Sorted(slices.Values(append(urls, "https://added.eu.qlikcloud.com"))) {
			if was, known := before[url]; known && !slices.Equal(was, of(url)) {
				t.Fatalf("tenant %s has moved from shard %v to %v", url, was, of(url))
			}
		}
	})
}

func TestShardsOfAProjectAddUpToItsTenants(t *testing.T) {
	names := make([]string, 60)
	for i := range names {
		names[i] = fmt.Sprintf("t-%02d", i)
	}
	fewer, more := projectOf(t, names[:50]...), projectOf(t, names...)
	const count = 4
	var all []string
	for i := range count {
		shard := engine.Shard{Index: i, Count: count}
		before, err := fewer.Choose(engine.TenantChoice{Shard: shard})
		after, err2 := more.Choose(engine.TenantChoice{Names: "t-*", Shard: shard})
		if err != nil || err2 != nil || !strings.HasPrefix(namesOf(after), namesOf(before)) || len(before) < 3 {
			t.Errorf("shard %s has %q, and with ten more tenants %q, want the same tenants first, and at least 3; errors %v, %v", shard, namesOf(before), namesOf(after), err, err2)
		}
		all = append(all, strings.Fields(namesOf(after))...)
	}
	if slices.Sort(all); !slices.Equal(all, names) {
		t.Errorf("the shards have %d tenants, want each of the %d tenants once", len(all), len(names))
	}
}

func TestAShardIsOnePartOfN(t *testing.T) {
	if shard, err := engine.ParseShard("7/8"); err != nil || shard.String() != "7/8" {
		t.Errorf("7/8: got %v, error %v; want the last of eight", shard, err)
	}
	for _, text := range []string{"8/8", "0/0", "-1/8", "1", "/", "1/", "a/b", "0/4/2", " 0/4", "0/99999999999", "0x1/4"} {
		if shard, err := engine.ParseShard(text); err == nil {
			t.Errorf("%q is read as shard %v, want an error", text, shard)
		}
	}
}
