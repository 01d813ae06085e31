package spec

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qlsync/qlsync/pkg/connection"
)

// Rollout is the order in which an apply goes through the tenants of a project: wave after wave.
type Rollout struct {
	Waves []Wave
	// StopAfter is the number of failed tenants after which no further tenant begins; at least one.
	StopAfter int
	// Check is how long an apply waits after a wave, before it checks whether the apps that load the
	// changed connections still work. Zero: there is no check.
	Check    time.Duration
	Position connection.Position
}

// Wave is a part of the tenants. A wave with neither a group nor a share takes all tenants.
type Wave struct {
	Name string
	// Group takes the tenants of this group. Empty: groups do not matter.
	Group string
	// Share takes this percentage of all tenants of the project, selected by a hash. Zero: not a share.
	Share    int
	Position connection.Position
}

// takesRest reports whether the wave takes every tenant that no earlier wave takes.
func (w *Wave) takesRest() bool { return w.Group == "" && w.Share == 0 }

// WaveOf returns the index of the wave of a tenant: of the first one that takes it; -1 if none does.
// The answer depends on no other tenant. Shares follow each other, so that a tenant belongs to one
// share only: of two shares of 10%, the second takes other tenants than the first.
func (r *Rollout) WaveOf(tenant *Tenant) int {
	percent, before := hashedPercent(tenant.Identity()), 0
	for i := range r.Waves {
		wave := &r.Waves[i]
		switch {
		case wave.takesRest(), wave.Group != "" && slices.Contains(tenant.Groups, wave.Group):
			return i
		case wave.Share > 0:
			if percent >= float64(before) && percent < float64(before+wave.Share) {
				return i
			}
			before += wave.Share
		}
	}
	return -1
}

// hashedPercent returns a number from 0 up to but not including 100.
func hashedPercent(identity string) float64 {
	sum := sha256.Sum256([]byte("wave\n" + identity)) // independent of the hash of a shard
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53) * 100
}

// Names returns the names of the waves, in their order.
func (r *Rollout) Names() []string {
	names := make([]string, len(r.Waves))
	for i := range r.Waves {
		names[i] = r.Waves[i].Name
	}
	return names
}

// readRollout reads the rollout, once the tenants and groups are known.
func (n *notes) readRollout(p *Project, tree *node) {
	if !tree.is(kindObject) {
		return
	}
	r := &Rollout{StopAfter: max(1, integer(tree.get("stopAfter").get("failed"))), Position: position(n.file, tree.place)}
	if text := textOf(tree.get("check")); text != "" {
		r.Check, _ = time.ParseDuration(text) // the structure check reports an invalid one
	}
	for _, item := range tree.get("waves").items() {
		n.readWave(p, r, item.value)
	}
	p.Rollout = r
	n.checkWaves(p, tree)
}

func (n *notes) readWave(p *Project, r *Rollout, tree *node) {
	wave := Wave{Name: textOf(tree.get("name")), Group: textOf(tree.get("group")), Position: position(n.file, tree.place)}
	if share, isShare := strings.CutSuffix(textOf(tree.get("share")), "%"); isShare {
		wave.Share, _ = strconv.Atoi(share)
	}
	groups := p.GroupNames()
	switch {
	case wave.Group != "" && wave.Share > 0:
		n.add(tree.place, connection.Because("wave-with-both", "wave", wave.Name))
	case wave.Group != "" && !slices.Contains(groups, wave.Group):
		n.add(tree.get("group").place, suggest(connection.Because("wave-unknown-group", "wave", wave.Name, "group", wave.Group), wave.Group, groups))
	case slices.Contains(r.Names(), wave.Name):
		n.add(tree.place, connection.Because("wave-twice", "wave", wave.Name))
	}
	if last := len(r.Waves) - 1; last >= 0 && r.Waves[last].takesRest() {
		n.add(tree.place, connection.Because("wave-after-rest", "wave", wave.Name, "rest", r.Waves[last].Name))
	}
	r.Waves = append(r.Waves, wave)
}

// checkWaves notes shares of more than all tenants, and tenants in no wave.
func (n *notes) checkWaves(p *Project, tree *node) {
	shares := 0
	for i := range p.Rollout.Waves {
		shares += p.Rollout.Waves[i].Share
	}
	if shares > 100 {
		n.add(tree.place, connection.Because("shares-too-large", "share", shares))
	}
	var outside []string
	for i := range p.Tenants {
		if p.Rollout.WaveOf(&p.Tenants[i]) < 0 {
			outside = append(outside, p.Tenants[i].Name)
		}
	}
	if len(outside) > 0 {
		n.add(tree.place, connection.Because("tenant-in-no-wave", "count", len(outside), "tenants", outside))
	}
}
