package transport

// The tests use these, and no other package does.
type (
	Clock  = clock
	Pauses = pauses
)

// Exchange is [exchange], and CloseJSON [closeJSON], for the tests.
var (
	Exchange  = exchange
	CloseJSON = closeJSON
)
