package connection

// ImpactLimits say what happens to a change on which others depend: see [Policy.Impact].
type ImpactLimits struct {
	// Warn is the number of dependents from which a change is a warning, and Refuse the most dependents
	// that a change may have. Nil: not set.
	Warn, Refuse *int
	// Unknown is [ImpactWarn] or [ImpactRefuse]: what happens where the dependents cannot be counted
	// reliably. Empty: as [ImpactLimits.OfUnknown] says.
	Unknown string
}

// The values of ImpactLimits.Unknown.
const (
	ImpactWarn   = "warn"
	ImpactRefuse = "refuse"
)

// OfUnknown returns what happens where the dependents cannot be counted reliably: a limit that
// refuses also refuses what cannot be counted. Empty: nothing.
func (l ImpactLimits) OfUnknown() string {
	if l.Unknown == "" && l.Refuse != nil {
		return ImpactRefuse
	}
	return l.Unknown
}

// With returns the limits with those of a connection in place of each that the connection sets.
func (l ImpactLimits) With(own *ImpactLimits) ImpactLimits {
	if own == nil {
		return l
	}
	if own.Warn != nil {
		l.Warn = own.Warn
	}
	if own.Refuse != nil {
		l.Refuse = own.Refuse
	}
	if own.Unknown != "" {
		l.Unknown = own.Unknown
	}
	return l
}

// Refuses reports whether the limits can refuse a change.
func (l ImpactLimits) Refuses() bool { return l.Refuse != nil || l.Unknown == ImpactRefuse }
