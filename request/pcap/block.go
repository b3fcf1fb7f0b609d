package pcap

import "encoding/binary"

// The blocks of pcapng that are written here, in the order in which they come. Each is
//
//	0    uint32  block type
//	4    uint32  length of the block, this header and the trailer included
//	8    ...     body and options, padded to 4 bytes
//	n-4  uint32  the length again
//
// and an option is two 16-bit numbers, code and length, with a value padded to 4 bytes.
// Source: draft-ietf-opsawg-pcapng.
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 6 // enhanced packet block

	optionEnd         = 0
	optionComment     = 1
	optionApplication = 4 // of a section: the program that wrote it
	optionName        = 2 // of an interface
	optionDescription = 3 // of an interface
	optionResolution  = 9 // of an interface: times are in units of ten to the minus this
)

// microseconds is the value of optionResolution.
const microseconds = 6

// longest is the longest packet that Wireshark reads, in bytes.
const longest = 1 << 18

var le = binary.LittleEndian

// appendSection appends the block that starts a section: the byte order, version 1.0 and
// an unknown length. It makes all interfaces before it unknown.
func appendSection(dst []byte, program string) []byte {
	at := len(dst)
	dst = open(dst, blockSection)
	dst = le.AppendUint32(dst, 0x1a2b3c4d)
	dst = le.AppendUint16(dst, 1)
	dst = le.AppendUint16(dst, 0)
	dst = le.AppendUint64(dst, 1<<64-1)
	if program != "" {
		dst = appendOption(dst, optionApplication, program)
		dst = appendEnd(dst)
	}
	return closed(dst, at)
}

// appendInterface appends the description of an interface. Its number is how many came
// before it in the section.
func appendInterface(dst []byte, link uint32, name, description []byte) []byte {
	at := len(dst)
	dst = open(dst, blockInterface)
	dst = le.AppendUint16(dst, uint16(link))
	dst = le.AppendUint16(dst, 0)
	dst = le.AppendUint32(dst, longest)
	dst = appendOption(dst, optionName, name)
	dst = appendOption(dst, optionDescription, description)
	dst = appendOption(dst, optionResolution, []byte{microseconds})
	return closed(appendEnd(dst), at)
}

// appendPacket appends a packet that came on the interface of that number.
func appendPacket(dst []byte, number uint32, k *packet, comment []byte) []byte {
	at := len(dst)
	data := cut(k.data, longest)
	dst = open(dst, blockPacket)
	micros := uint64(k.second)*1e6 + uint64(k.microsecond)
	for _, v := range [...]uint32{number, uint32(micros >> 32), uint32(micros), uint32(len(data)), uint32(len(k.data))} {
		dst = le.AppendUint32(dst, v)
	}
	dst = pad(append(dst, data...), len(data))
	dst = appendOption(dst, optionComment, comment)
	return closed(appendEnd(dst), at)
}

func open(dst []byte, block uint32) []byte {
	dst = le.AppendUint32(dst, block)
	return le.AppendUint32(dst, 0) // filled in by closed
}

// closed ends the block that starts at an offset.
func closed(dst []byte, at int) []byte {
	n := uint32(len(dst) - at + 4)
	le.PutUint32(dst[at+4:], n)
	return le.AppendUint32(dst, n)
}

// appendOption appends a value of up to 65,535 bytes.
func appendOption[T string | []byte](dst []byte, code uint16, value T) []byte {
	dst = le.AppendUint16(dst, code)
	dst = le.AppendUint16(dst, uint16(len(value)))
	return pad(append(dst, value...), len(value))
}

func appendEnd(dst []byte) []byte { return append(dst, optionEnd, 0, 0, 0) }

// pad appends zeros after n bytes, up to a multiple of 4.
func pad(dst []byte, n int) []byte { return append(dst, make([]byte, -n&3)...) }
