package spec

import "slices"

// The kinds of system that a tenant can be.
const (
	ProviderQlik     = "qlik"
	ProviderApinizer = "apinizer"
)

// system is the form of a tenant of a provider in the project file.
type system struct {
	provider string
	// one and other are the two ways to sign in, by the keys of auth.
	one, other string
	// auth and url show how to write the first way, and the address.
	auth, url string
	// unmarked reports whether connections can be without ownership records.
	unmarked bool
	// keepsSpaces reports whether spaces can be declared.
	keepsSpaces bool
}

// systems are all known systems. A tenant without a provider belongs to the first.
var systems = []system{
	{
		provider: ProviderQlik, one: "apiKey", other: "oauth", auth: "auth: {apiKey: {env: NAME}}",
		url: "https://TENANT.REGION.qlikcloud.com", keepsSpaces: true,
	},
	{
		provider: ProviderApinizer, one: "token", other: "user", auth: "auth: {token: {env: NAME}}",
		url: "the address of the API manager without /apiops, https://MANAGER", unmarked: true,
	},
}

// Providers returns the names of all providers, the default one first.
func Providers() []string {
	names := make([]string, len(systems))
	for i, s := range systems {
		names[i] = s.provider
	}
	return names
}

// systemOf returns the system of a provider. For an unknown name known is false, and the system is
// the first one.
func systemOf(provider string) (s system, known bool) {
	if i := slices.IndexFunc(systems, func(s system) bool { return s.provider == provider }); i >= 0 {
		return systems[i], true
	}
	return systems[0], false
}

// KeepsSpaces reports whether files can declare spaces of the tenant.
func (t *Tenant) KeepsSpaces() bool {
	system, _ := systemOf(t.Provider)
	return system.keepsSpaces
}

// signsIn reports whether an entry of auth is a way to sign in.
func (s *system) signsIn(key string) bool { return key == s.one || key == s.other }
