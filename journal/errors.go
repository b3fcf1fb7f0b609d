package journal

import (
	"errors"
	"fmt"

	"estream/internal/durable"
)

var (
	// ErrLocked is found by errors.Is in the error of [Open] when another
	// process, or another Journal of this one, has the directory open.
	ErrLocked = durable.ErrLocked
	// ErrClosed is returned by all methods that need an open journal, cursor or reader.
	ErrClosed = errors.New("journal is closed")
	// ErrReadOnly is returned by methods that write when the journal came from [OpenReadOnly].
	ErrReadOnly = errors.New("journal is open for reading only")
	// ErrTooLarge is returned by [Journal.Append] for a payload above [MaxPayload] or a mark above [MaxMark].
	ErrTooLarge = errors.New("batch is too large")
)

// A VersionError says that a file was written by a newer version of estream.
// [Open] and [OpenReadOnly] return it and leave the directory as it is.
type VersionError struct {
	File      string
	Version   uint32 // format version of the file
	Supported uint32 // newest format version this program knows
}

// Error implements error.
func (e *VersionError) Error() string {
	return fmt.Sprintf("%s has format version %d, this program knows versions up to %d: use the newer estream that wrote it", e.File, e.Version, e.Supported)
}

// A GoneError says that retention has deleted messages before a reader came
// to them. [Reader.Next] returns it once and goes on at To.
type GoneError struct {
	From, To uint64 // sequence numbers of the first message lost and of the first one still there
}

// Lost returns the number of messages the reader missed.
func (e *GoneError) Lost() uint64 { return e.To - e.From }

// Error implements error.
func (e *GoneError) Error() string {
	return fmt.Sprintf("%d messages from sequence number %d on were deleted by retention before they were read; the journal now starts at %d", e.Lost(), e.From, e.To)
}

// A DamageError says that a part of a segment can't be read: its bytes are
// not what was written, or they are missing. [Reader.Next] returns it once and
// goes on at To; [Open] logs it.
type DamageError struct {
	File   string // segment
	Offset int64  // of the first damaged byte
	Length int64  // of the damaged bytes; 0 when bytes are missing
	// From and To are the sequence numbers of the first message lost and of
	// the first one that can be read again; they are equal when only a
	// snapshot or a repeated batch is damaged.
	From, To uint64
	Err      error // what is wrong
}

// Lost returns the number of messages that can't be read.
func (e *DamageError) Lost() uint64 { return e.To - e.From }

// Error implements error.
func (e *DamageError) Error() string {
	return fmt.Sprintf("%s is damaged: %d bytes at offset %d, %d messages lost from sequence number %d on: %v", e.File, e.Length, e.Offset, e.Lost(), e.From, e.Err)
}

// Unwrap returns Err.
func (e *DamageError) Unwrap() error { return e.Err }

// A CursorError says that the file of a cursor can't be used.
// [Journal.OpenCursor] returns it; the file is left as it is.
type CursorError struct {
	File string
	Err  error // what is wrong
}

// Error implements error.
func (e *CursorError) Error() string {
	return fmt.Sprintf("cursor file %s is damaged: %v; restore it, or remove it to have its consumer start as a new one", e.File, e.Err)
}

// Unwrap returns Err.
func (e *CursorError) Unwrap() error { return e.Err }

// What can be wrong with a batch or a header.
var (
	errMagic       = errors.New("no batch starts here")
	errShort       = errors.New("batch runs past the end of the file")
	errHeaderSum   = errors.New("checksum of the batch header does not match")
	errHeaderField = errors.New("batch header has an impossible field")
	errPayloadSum  = errors.New("checksum of the payload does not match")
	errSalt        = errors.New("batch belongs to another journal")
	errRepeated    = errors.New("batch repeats earlier sequence numbers")
	errMissing     = errors.New("batches are missing")
	errSegHeader   = errors.New("segment header is damaged")
)
