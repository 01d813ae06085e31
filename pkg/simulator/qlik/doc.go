// Package qlik is the embedded tenant: a Qlik Cloud tenant in memory, behind an http.Handler.
//
// It serves the public REST API around data connections: every operation of data connections, data sources and data
// credentials, reads of spaces and users, and the OAuth token endpoint. The tool, its demo and its tests talk to it over
// real HTTP and cannot tell the difference, except by the address.
//
//	seed (JSON) ──New / Open──▶ Tenant ──ServeHTTP──▶ route ▶ who ▶ tier ▶ fault ▶ query, body ▶ handler ▶ state file
//
// The package serves HTTP. What is served is in internal/model, which is kept apart so that package inspect, for tests, can
// look behind the API: stored connections and credentials, the request log, and changes behind a client's back.
//
// It is written from Qlik's published API reference, tutorials and change log alone, and imports no other package of this
// module outside the simulator's: so it cannot share a mistake with the client. Comments name the page that a behaviour
// comes from. Where the documentation is silent they say "undocumented; assumed", and the assumption is the stricter of
// the plausible ones; what a client may come to feel is a switch in [Behaviour].
//
// Invariants:
//
//   - A credential value is never kept, answered or logged. What is stored of it is a salted digest
//     (CredentialEquals of package inspect). The exceptions are the service's own: what somebody writes into a statement, and a user
//     name with Behaviour.ShowUsername.
//   - A request that the reference does not describe (route, query key, body field) is answered 400 and recorded as a
//     [Tenant.Misuse], so that a wrong request cannot pass unnoticed.
//   - The same seed and the same writes give the same ids, whatever their order.
//   - With a state file, a write is answered only after it is on disk.
//
// Not modelled: roles in spaces (who sees a space may change its connections), the collation of a locale, groups of users.
package qlik
