package spec_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/qlsync/qlsync/pkg/spec"
)

// rolling reads a project with these tenants and this rollout.
func rolling(t *testing.T, tenants []string, groups, rollout string) (*spec.Project, []string) {
	t.Helper()
	text := "version: 1\nproject: fleet\nconnections: [c.yaml]\ntenants:\n"
	for _, name := range tenants {
		text += fmt.Sprintf("  %s: {url: \"https://%s.example\", id: id-%s, auth: {apiKey: {env: KEY}}}\n", name, name, name)
	}
	if groups != "" {
		text += "groups: " + groups + "\n"
	}
	file := filepath.Join(t.TempDir(), "qlsync.yaml")
	if err := os.WriteFile(file, []byte(text+"rollout: "+rollout+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	project, problems := spec.LoadProject(file)
	var codes []string
	for _, problem := range problems {
		codes = append(codes, problem.Code)
	}
	return project, codes
}

func many(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("t%04d", i)
	}
	return names
}

// wavesOf returns the wave of each tenant by name.
func wavesOf(t *testing.T, p *spec.Project) map[string]string {
	t.Helper()
	waves := map[string]string{}
	for i := range p.Tenants {
		at := p.Rollout.WaveOf(&p.Tenants[i])
		if at < 0 {
			t.Fatalf("%s is in no wave, want one for each tenant", p.Tenants[i].Name)
		}
		waves[p.Tenants[i].Name] = p.Rollout.Waves[at].Name
	}
	return waves
}

const threeWaves = "{waves: [{name: canary, group: canary}, {name: first, share: 10%}, {name: second, share: 30%}, {name: rest}], stopAfter: {failed: 2}, check: 30m}"

func TestEveryTenantIsInTheFirstWaveThatTakesIt(t *testing.T) {
	p, codes := rolling(t, many(900), "{canary: t000*}", threeWaves)
	if len(codes) > 0 || p.Rollout.StopAfter != 2 || p.Rollout.Check.Minutes() != 30 {
		t.Fatalf("got the problems %v, stopAfter %d and check %v; want none, 2 and 30m", codes, p.Rollout.StopAfter, p.Rollout.Check)
	}
	count := map[string]int{}
	for name, wave := range wavesOf(t, p) {
		count[wave]++
		if (wave == "canary") != strings.HasPrefix(name, "t000") {
			t.Errorf("%s is in wave %s, want the group in the canary and no other tenant", name, wave)
		}
	}
	for wave, about := range map[string]int{"canary": 10, "first": 90, "second": 270, "rest": 530} {
		if got := count[wave]; got < about*7/10 || got > about*13/10 {
			t.Errorf("wave %s has %d tenants, want about %d", wave, got, about)
		}
	}
}

func TestATenantStaysInItsWaveWhenOthersComeAndGo(t *testing.T) {
	all := many(500)
	whole, _ := rolling(t, all, "{canary: t000*}", threeWaves)
	want := wavesOf(t, whole)
	random := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		some := slices.Clone(all)
		random.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
		part, _ := rolling(t, append(some[:100], "newcomer"), "{canary: t000*}", threeWaves)
		for name, wave := range wavesOf(t, part) {
			if name != "newcomer" && want[name] != wave {
				t.Errorf("%s is in wave %s among other tenants, want %s", name, wave, want[name])
			}
		}
	}
}

func TestARolloutThatDoesNotTakeEachTenantOnceIsAnError(t *testing.T) {
	for rollout, want := range map[string]string{
		"{waves: [{name: canary, group: canary}]}":                              "tenant-in-no-wave",
		"{waves: [{name: a, share: 60%}, {name: b, share: 41%}, {name: rest}]}": "shares-too-large",
		"{waves: [{name: rest}, {name: late, group: canary}]}":                  "wave-after-rest",
		"{waves: [{name: a, group: canary, share: 5%}, {name: rest}]}":          "wave-with-both",
		"{waves: [{name: a, group: canaries}, {name: rest}]}":                   "wave-unknown-group",
		"{waves: [{name: a, group: canary}, {name: a}]}":                        "wave-twice",
		"{waves: []}":                                  "empty",
		"{waves: [{name: a, share: 5}]}":               "wrong-form",
		"{waves: [{name: 'a b'}]}":                     "wrong-form",
		"{waves: [{name: a}], check: 30}":              "wrong-form",
		"{waves: [{name: a}], stopAfter: {failed: 0}}": "below-minimum",
	} {
		if _, codes := rolling(t, []string{"t1", "t2"}, "{canary: t1}", rollout); !slices.Contains(codes, want) {
			t.Errorf("%s: got the problems %v, want %s", rollout, codes, want)
		}
	}
	if p, codes := rolling(t, many(50), "{canary: t1}", "{waves: [{name: a, share: 60%}, {name: b, share: 40%}]}"); len(codes) > 1 || len(wavesOf(t, p)) != 50 {
		t.Errorf("got the problems %v, want shares of 100%% that take every tenant", codes)
	}
}
