// Package apinizer is an embedded Apinizer manager, as far as connections of projects go: the management API (APIOps) in
// memory, behind an http.Handler.
//
//	seed (JSON) ──New / Open──▶ Manager ──ServeHTTP──▶ route ▶ token ▶ limit ▶ fault ▶ query, body ▶ handler ▶ state file
//
// The package serves HTTP. What is served is in internal/model, which is kept apart so that package inspect, for tests, can
// look behind the API: stored connections and secrets, the request log, and changes behind a client's back.
//
// It is written from Apinizer's published documentation alone, and imports no other package of this module outside the
// simulator's: so it cannot share a mistake with the client. No server was asked. The documentation holds two contracts
// ([Legacy], [Current]); comments name the section of the fact sheet that a behaviour comes from. Where the documentation is
// silent or contradicts itself there is a switch in [Behaviour].
//
// Invariants:
//
//   - Of a secret, the state file holds a salted digest. What a GET answers in clear and may be a secret is encrypted there.
//   - A request that the documentation does not describe (route, query key, body field) is refused and recorded as a
//     [Manager.Misuse], so that a wrong request cannot pass unnoticed.
//   - The same seed and the same writes give the same answers.
//   - With a state file, a write is answered only after it is on disk.
//
// Not modelled: who refers to a connection, environment variables in fields, and what a connection connects to.
package apinizer
