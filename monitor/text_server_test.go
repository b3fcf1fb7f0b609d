package monitor

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"estream/service"
)

// TestTextServer: who listens to us, and that nobody can, are in the text.
func TestTextServer(t *testing.T) {
	at := time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		server *service.ServerStatus
		want   string // part of the text; "" for nothing about a server
	}{
		{nil, ""},
		{
			&service.ServerStatus{Listen: []string{"192.0.2.1:8302", "[2001:db8::1]:8302"}, Refused: 1},
			"\nSERVER  listens on 192.0.2.1:8302, [2001:db8::1]:8302; 1 connection refused\n        no client is connected\n",
		},
		{&service.ServerStatus{Error: "address already in use"}, "\nSERVER  listens nowhere: address already in use; 0 connections refused\n"},
		{
			&service.ServerStatus{Listen: []string{":8302"}, Clients: []service.ClientStatus{
				{Session: 7, Host: "siem\x1b[2J", Remote: "192.0.2.9:40000", Since: at.Add(-time.Minute), Sent: 12345, Waiting: 2, Behind: 300},
			}},
			"\nsiem [2J  192.0.2.9:40000     1m ago  12,345               2     300\n",
		},
	} {
		p := Page{Running: true, Status: service.Status{At: at, Server: tt.server}}
		var b bytes.Buffer
		if err := WriteText(&b, &p, false); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if tt.want == "" && strings.Contains(text, "SERVER  ") || !strings.Contains(text, tt.want) || strings.Contains(text, "\x1b") {
			t.Errorf("got\n%s\nwant in it\n%s", text, tt.want)
		}
	}
}
