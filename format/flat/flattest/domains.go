package flattest

import (
	"slices"
	"testing"

	"estream/wire"
)

// TwoDomains returns a stream of four messages: the name of user 7 (bob), that of
// the device's domain (Global), and two logins of user 7 from domain corp, the first
// of which (170) calls the user rob, the second (95) by no name.
func TwoDomains(t testing.TB, set *wire.Layouts) []byte {
	return slices.Concat(
		Message(t, set, 98, 57, map[string]any{"id": 7, "username": "bob"}),
		Message(t, set, 350, 0, map[string]any{"id": 0, "name": "Global"}),
		Message(t, set, 170, 167, map[string]any{"user_id": 7, "username": "rob", "domain": "corp"}),
		Message(t, set, 95, 167, map[string]any{"user_id": 7, "domain": "corp"}),
	)
}
