package connection

import (
	"hash/maphash"
	"sync"
)

// searched remembers, for the lifetime of the process, which texts contain a secret within a number
// of layers of encodings.
var searched = func() (memories [maxLayers + 1]*memory) {
	for layers := range memories {
		memories[layers] = newMemory()
	}
	return memories
}()

// memory is a cache of one fact about each text. It stores two hashes of a text and not the text,
// which may be long or a secret. Of two texts with the same slot the newer one wins.
type memory struct {
	first, second maphash.Seed
	lock          sync.Mutex
	places        []remembered // allocated at the first lookup
}

// remembered is two hashes of one text. The last bit of the second hash is the fact.
type remembered struct{ first, second uint64 }

const (
	memoryPlaces = 1 << 17
	// minRemembered is the shortest text that is remembered, in bytes: searching a shorter one is as
	// fast.
	minRemembered = 8
)

func newMemory() *memory { return &memory{first: maphash.MakeSeed(), second: maphash.MakeSeed()} }

// holds returns the result of search for a text, from the cache if the text was searched before.
func (m *memory) holds(text string, search func() bool) bool {
	if len(text) < minRemembered {
		return search()
	}
	key := remembered{maphash.String(m.first, text), maphash.String(m.second, text) &^ 1}
	at := key.first % memoryPlaces
	m.lock.Lock()
	if m.places == nil {
		m.places = make([]remembered, memoryPlaces)
	}
	known := m.places[at]
	m.lock.Unlock()
	if known.first == key.first && known.second&^1 == key.second && known != (remembered{}) {
		return known.second&1 == 1
	}
	held := search()
	if held {
		key.second |= 1
	}
	m.lock.Lock()
	m.places[at] = key
	m.lock.Unlock()
	return held
}
