package eve

import "estream/source/sensor"

// Fields of record 500, block 79, that are filled in.
var fileFields = []string{
	"device_id", "connection_instance", "connection_counter", "connection_timestamp", "file_event_timestamp", "source_ip_address",
	"destination_ip_address", "file_storage_status", "action", "sha_hash", "file_type_id", "file_name", "file_size", "direction",
	"application_id", "uri", "signature", "source_port", "destination_port", "protocol", "client_application_id", "http_response",
}

const (
	fiDevice = iota
	fiInstance
	fiCounter
	fiConnection
	fiSecond
	fiSource
	fiDestination
	fiStorage
	fiAction
	fiHash
	fiType
	fiName
	fiSize
	fiDirection
	fiApplication
	fiURI
	fiSignature
	fiSourcePort
	fiDestinationPort
	fiProtocol
	fiClient
	fiHTTPResponse
)

// What was done with a file, and which way it went.
const (
	fileDetected, fileBlocked = 1, 2
	download, upload          = 1, 2
	fileStored                = 1
)

// file makes a file event. Its addresses are those of the connection, the client
// first, as a Management Center has them; the direction says who sent the file.
// Nobody judged the file, so its disposition is "not applicable".
func (c *converter) file(e *event) {
	x := c.conn(e)
	// The line's source is the sender of the file.
	x.see(e, e.direction != towardsClient, e.direction != towardsUnknown)
	x.files = count(x.files)
	c.borrow(x, e)
	defer c.settle(x)
	if c.quiet {
		return
	}
	f, info := &c.forms.file, &e.file
	f.Reset()
	client, server, clientPort, serverPort, way := parties(x, e)
	f.Num(fiDevice, uint64(c.enc.DeviceID()))
	if e.flowID != 0 {
		instance, counter := connectionNumber(e.flowID)
		f.Num(fiInstance, uint64(instance))
		f.Num(fiCounter, uint64(counter))
	}
	start := x.start
	if start == (stamp{}) {
		start = e.time // until the flow ends only Suricata knows when it began
	}
	f.Num(fiConnection, uint64(start.sec))
	f.Num(fiSecond, uint64(e.time.sec))
	f.UUID(fiSource, client)
	f.UUID(fiDestination, server)
	f.Num(fiSourcePort, uint64(clientPort))
	f.Num(fiDestinationPort, uint64(serverPort))
	f.Num(fiProtocol, uint64(e.proto))
	f.Num(fiDirection, uint64(way))
	if info.stored {
		f.Num(fiStorage, fileStored)
	}
	f.Num(fiAction, fileDetected)
	if x.verdict >= dropped {
		f.Num(fiAction, fileBlocked)
	}
	var sum [32]byte
	if hexBytes(sum[:], info.sha256) {
		f.Data(fiHash, sum[:])
		f.TextBytes(fiSignature, info.sha256)
	}
	c.name = appendFileType(c.name[:0], info.magic, info.name)
	f.Num(fiType, uint64(c.enc.Named(sensor.RecordFileType, c.name)))
	f.TextBytes(fiName, cut(info.name, maxURL))
	f.Num(fiSize, info.size)
	f.Num(fiApplication, uint64(c.application(e.app, serverPort)))
	f.TextBytes(fiURI, cut(e.http.url, maxURL))
	f.Num(fiHTTPResponse, uint64(e.http.status))
	if len(e.http.agent) > 0 {
		name, _ := product(e.http.agent)
		f.Num(fiClient, uint64(c.enc.Named(sensor.RecordClientApplication, name)))
	}
	c.stats.Files++
	c.enc.Append(f)
}

// parties tells client and server of the connection that a file went over, and
// which way it went. Where neither the line nor its flow says which is which, the
// greater port is taken for the client's.
func parties(x *conn, e *event) (client, server [16]byte, clientPort, serverPort uint16, way uint8) {
	way = upload
	switch {
	case x.oriented && e.src.IsValid() && x.initiator != x.responder:
		if e.src != x.initiator {
			way = download
		}
	case x.oriented:
		if e.srcPort != x.initiatorPort {
			way = download
		}
	case e.srcPort < e.dstPort:
		way = download
	case e.srcPort == e.dstPort:
		way = 0
	}
	if way == download {
		return sensor.Address(e.dst), sensor.Address(e.src), e.dstPort, e.srcPort, way
	}
	return sensor.Address(e.src), sensor.Address(e.dst), e.srcPort, e.dstPort, way
}
