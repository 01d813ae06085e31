package connection

import (
	"hash/maphash"
	"sync"
)

// searched remembers which texts hold a secret within so many layers of encodings, for all of the
// process.
var searched = func() (memories [maxLayers + 1]*memory) {
	for layers := range memories {
		memories[layers] = newMemory()
	}
	return memories
}()

// memory remembers something of each text. It keeps two hashes of a text and not the text,
// which may be long, or a secret. The newer of two texts that share a place wins.
type memory struct {
	first, second maphash.Seed
	lock          sync.Mutex
	places        []remembered // made when the first text is asked about
}

// remembered is two hashes of one text. The last bit of the second one is what is known of it.
type remembered struct{ first, second uint64 }

const (
	memoryPlaces = 1 << 17
	// minRemembered is the shortest text that is remembered, in bytes: a shorter one is
	// searched as fast.
	minRemembered = 8
)

func newMemory() *memory { return &memory{first: maphash.MakeSeed(), second: maphash.MakeSeed()} }

// holds returns what search returns for a text, now or when it was asked before.
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
