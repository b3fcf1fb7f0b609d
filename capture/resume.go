package capture

import "crypto/sha256"

// maxResumable is how many sessions that may be resumed are remembered.
const maxResumable = 1 << 16

// A resumption knows sessions of TLS 1.2 by the number and the tickets that the server gave them.
// Its value is the client random under which the key log has the master secret.
type resumption map[[sha256.Size]byte]random

func (r resumption) remember(name []byte, origin random) {
	if len(name) == 0 {
		return
	}
	if len(r) >= maxResumable {
		for k := range r { // any: this is no capture of people
			delete(r, k)
			break
		}
	}
	r[sha256.Sum256(name)] = origin
}

func (r resumption) origin(name []byte) (random, bool) {
	o, ok := r[sha256.Sum256(name)]
	return o, ok && len(name) > 0
}
