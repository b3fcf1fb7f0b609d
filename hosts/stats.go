package hosts

// Stats counts what a map did since it was opened.
type Stats struct {
	Hosts     int    `json:"hosts"`
	Bytes     int64  `json:"bytes"` // estimated memory of the hosts
	Learned   uint64 `json:"learned"`
	Malformed uint64 `json:"malformed"` // records of interest that could not be decoded
	Evicted   uint64 `json:"evicted"`   // hosts forgotten because of a limit
	Refused   uint64 `json:"refused"`   // details left out because a list of a host was full
	Answered  uint64 `json:"answered"`  // profiles handed out
	Emitted   uint64 `json:"emitted"`   // events made by Discover
	Damaged   string `json:"damaged,omitempty"`
}
