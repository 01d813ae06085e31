// Package qlik is the embedded tenant: a Qlik Cloud tenant in memory, behind an http.Handler.
//
// It serves the public REST API for data connections: every operation of data connections, data sources and data
// credentials, reads of spaces and users, and the OAuth token endpoint. The tool, its demo and its tests talk to it over
// real HTTP and cannot tell the difference, except by the address.
//
//	seed (JSON) ──New / Open──▶ Tenant ──ServeHTTP──▶ route ▶ who ▶ tier ▶ fault ▶ query, body ▶ handler ▶ state file
//
// The package serves HTTP. The content is in internal/model, which is separate so that package inspect, for tests, can
// bypass the API: stored connections and credentials, the request log, and changes behind a client's back.
//
// It is written from Qlik's published API reference, tutorials and change log alone, and imports no other package of this
// module outside the simulator's, so it cannot share a mistake with the client. Comments name the page that documents a
// behaviour. An undocumented behaviour is marked "undocumented; assumed", and the assumption is the strictest plausible
// one; a behaviour that can affect a client is a switch in [Behaviour].
//
// Invariants:
//
//   - A credential value is never stored, returned or logged; only a salted digest is stored (CredentialEquals of package
//     inspect). The exceptions are the service's own: text that a client writes into a statement, and a user name with
//     Behaviour.ShowUsername.
//   - A request that the reference does not describe (route, query key, body field) is answered 400 and recorded as a
//     [Tenant.Misuse], so that a wrong request cannot pass unnoticed.
//   - The same seed and the same writes result in the same ids, in any order.
//   - With a state file, a write is answered only after it is on disk.
//
// Not modelled: what roles in a space allow for connections (who sees a space may change its connections), the collation of a locale.
package qlik
