package encore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"estream/format"
	"estream/format/catalog"
	"estream/internal/durable"
	"estream/journal"
	"estream/meta"
	"estream/source"
	"estream/wire"
)

// print writes one value. A name that is not known writes nothing.
func (c *configure) print(ctx context.Context, what string) error {
	f, fsys := FilesFor(c.dir, c.conf), durable.OS{}
	s := c.conf.Server()
	value := ""
	switch what {
	case "host":
		value = s.Host
	case "port":
		value = strconv.Itoa(s.Port)
	case "stream0":
		if len(c.conf.Outputs) == 0 {
			return errors.New("--print stream0: there is no output in $.handler.outputters")
		}
		value = c.conf.Outputs[0].URI
	case "enabled":
		value = map[bool]string{true: "True", false: "False"}[c.conf.Enabled]
	case "pkcs12":
		value = f.PKCS12
	case "privateKey":
		value = f.Key
	case "publicKey":
		value = f.Cert
	case "statusFile":
		value = f.Status
	case "pidFile":
		value = f.PID
	case "stem":
		value = f.Stem
	case "pid":
		pid, err := readPID(fsys, f.PID)
		if err != nil {
			return err
		}
		if value = strconv.Itoa(pid); pid == 0 {
			value = "-1"
		}
	case "splunkstatus":
		st := readStatus(fsys, f.Status)
		value = fmt.Sprintf("status_id=%d status=%q", st.ID, st.Description)
	case "metadata":
		names, err := metadataJSON(ctx, &f, c.layouts)
		if err != nil {
			return err
		}
		value = names
	default:
		return nil
	}
	_, err := fmt.Fprintln(c.out, value)
	return err
}

// metadataJSON returns all names that the journal knows, by record type.
func metadataJSON(ctx context.Context, f *Files, set *wire.Layouts) (string, error) {
	if _, err := os.Stat(f.journal()); errors.Is(err, os.ErrNotExist) {
		return "{}", nil // nothing was received yet
	}
	j, err := journal.OpenReadOnly(f.journal(), journal.Options{})
	if err != nil {
		return "", fmt.Errorf("journal: %w", err)
	}
	defer j.Close(ctx)
	latest := meta.NewLatest(set)
	if err := source.MetadataAt(ctx, j, j.End(), func(_ uint32, messages []byte) { latest.ObserveAll(messages) }); err != nil {
		return "", fmt.Errorf("journal: %w", err)
	}
	made, err := catalog.New("json", catalog.Options{})
	if err != nil {
		return "", err
	}
	worker := format.NewWorker(set, made)
	names := map[string][]json.RawMessage{}
	latest.Each(func(message []byte) {
		if h, ok := wire.PeekRecord(message); ok {
			line, _ := worker.Append(nil, message, meta.NewTables().Snapshot())
			key := strconv.Itoa(int(h.Type))
			names[key] = append(names[key], json.RawMessage(strings.TrimSuffix(string(line), "\n")))
		}
	})
	for key := range maps.Keys(names) {
		slices.SortFunc(names[key], func(a, b json.RawMessage) int { return strings.Compare(string(a), string(b)) })
	}
	data, err := json.Marshal(names)
	return string(data), err
}
