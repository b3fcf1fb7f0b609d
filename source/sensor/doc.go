// Package sensor holds what all sources of sensor data need: who the sensor is
// (Device), what the numbers in its events mean (Maps, and the metadata records
// made from them), and the records for intrusion events, packets and extra data
// (Encoder). Sources read a sensor's files in packages of their own.
//
// # Identity
//
// A sensor appears as a managed device. Its number is part of the identity of
// every intrusion event (device, event number, second), so that equal event
// numbers of two sensors mean two events. Interfaces and zones have UUIDs that
// are derived from names, the same in every run and on every machine:
// interfaces belong to a device, zones to a domain.
//
// # Numbers
//
// Where a sensor gives a name and the protocol wants a number (applications, and
// classifications in JSON), the number is derived from the name, with the top bit
// set. It is therefore the same for all sensors, and apart from the small numbers
// that sensors and Management Centers give themselves.
//
// # Metadata
//
// A metadata record precedes the first record that refers to it. It is handed on
// once, and again when what it says changes, because a name counts from the very
// next message. What the journal knows from an earlier run is left out.
//
// # Archive time
//
// A record's archive time is the second in which its input was read. It never
// goes back, whatever the clock does: clients ask for what was archived since a
// second, and must not miss what came after.
package sensor
