package splunk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// checkRepeats refuses an object with the same key twice, of which the JSON decoder
// would keep only the last, and anything behind the first value.
func checkRepeats(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var open []map[string]bool // the keys of each object around; nil for an array
	key := false               // the next string is a key
	for done := false; ; {
		token, err := dec.Token()
		if done && errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return mappingError(data, dec.InputOffset(), err)
		}
		if done {
			return fmt.Errorf("mapping: %s: text behind the end of the table", place(data, dec.InputOffset()))
		}
		switch token := token.(type) {
		case json.Delim:
			switch token {
			case '{':
				open = append(open, map[string]bool{})
			case '[':
				open = append(open, nil)
			default:
				open = open[:len(open)-1]
			}
		case string:
			if key {
				keys := open[len(open)-1]
				if keys[token] {
					return fmt.Errorf("mapping: %s: key %q for the second time in one object", place(data, dec.InputOffset()), token)
				}
				keys[token] = true
				key = false
				continue
			}
		}
		key = len(open) > 0 && open[len(open)-1] != nil
		done = len(open) == 0
	}
}
