package hosts

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"estream/wire"
)

// ErrNoProfile is returned by DecodeProfile for a message without content: the end
// of an answer with several hosts, or of one for a host that is not known.
var ErrNoProfile = errors.New("host data message without a host profile")

// DecodeProfile reads a whole message of single or multiple host data (types 6 and
// 7), header included, with a full host profile of any release from 4.6 on. What
// the profile has beyond the limits of this package is left out. The result shares
// nothing with message. The errors are ErrNoProfile, a *wire.DecodeError for
// malformed bytes, and a block that is no full host profile.
func DecodeProfile(set *wire.Layouts, message []byte) (*Profile, error) {
	h, ok := wire.ParseHeader(message)
	if !ok || h.Type != wire.TypeSingleHostData && h.Type != wire.TypeMultipleHostData {
		return nil, fmt.Errorf("host profile: message of type %v in %d bytes: single or multiple host data expected", h.Type, len(message))
	}
	if uint64(h.Length) != uint64(len(message)-wire.HeaderSize) || len(message) > wire.MaxMessage {
		return nil, fmt.Errorf("host profile: message length %d, but %d bytes follow the header", h.Length, len(message)-wire.HeaderSize)
	}
	if h.Length == 0 {
		return nil, ErrNoProfile
	}
	if h.Length < 8 {
		return nil, fmt.Errorf("host profile: %d bytes, at least the 8 of a block header expected", h.Length)
	}
	block, size := binary.BigEndian.Uint32(message[8:]), binary.BigEndian.Uint32(message[12:])
	if _, ok := generationBlocks[block]; !ok {
		return nil, fmt.Errorf("host profile: block %d is no full host profile that is known", block)
	}
	if size < 8 || uint64(size) > uint64(h.Length) {
		return nil, fmt.Errorf("host profile: block length %d, expected 8 to %d", size, h.Length)
	}
	// The message is one data block without a record around it. A view with that block
	// as its only field lets the decoder for nested blocks read it.
	outer := wire.View{
		Layout: &wire.Layout{
			Block:  &wire.BlockDef{Series: 1},
			Fields: []wire.Field{{Name: "full_host_profile", Kind: wire.KindBlock}},
		},
		Data:  message[:wire.HeaderSize+size],
		Slots: []wire.Slot{wire.Slot(wire.HeaderSize<<32 | uint64(size))},
	}
	dec := wire.NewDecoder(set, nil)
	p := &Profile{}
	read := false
	err := dec.Elements(&outer, 0, func(v *wire.View) error {
		if v.Layout == nil {
			return fmt.Errorf("block %d: %w", v.Block, wire.ErrUnknownBlock)
		}
		read = true
		e := event{view: view{v, dec}, m: &Map{}}
		if a, ok := e.view.addr("ip_address"); ok {
			p.Address = unmapped(a)
		}
		e.profile(p)
		return e.fault
	})
	if err == nil && !read {
		err = fmt.Errorf("block %d has a header and nothing else", block)
	}
	if err != nil {
		return nil, fmt.Errorf("host profile: %w", err)
	}
	if !p.Address.IsValid() {
		p.Address = netip.IPv6Unspecified()
	}
	return p, nil
}
