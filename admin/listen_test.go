package admin

import (
	"crypto/tls"
	"net"
	"net/http"
	"testing"
)

// Old TLS, plain HTTP, and somebody who holds all connections.
func TestServe(t *testing.T) {
	s := newService(t)
	address := serve(t, s)
	conf, err := s.partnerTLS()
	if err != nil {
		t.Fatal(err)
	}
	old := conf.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	if conn, err := tls.Dial("tcp", address, old); err == nil {
		conn.Close()
		t.Error("TLS 1.1 was accepted")
	}
	resp, err := http.Get("http://" + address + apiPrefix + "/session")
	if err == nil {
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			t.Error("plain HTTP was answered")
		}
	}
	var held []net.Conn
	for range maxConnsAddress {
		conn, err := tls.Dial("tcp", address, conf)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	if conn, err := tls.Dial("tcp", address, conf); err == nil {
		conn.Close()
		t.Errorf("connection %d from one address was accepted", maxConnsAddress+1)
	}
	for _, conn := range held {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}
