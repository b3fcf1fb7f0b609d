package notify

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

func TestAbstractSocket(t *testing.T) {
	read := manager(t, fmt.Sprintf("@estream-notify-test-%d", os.Getpid()))
	if err := Notify(Ready); err != nil {
		t.Fatal(err)
	}
	if got := read(); got != Ready {
		t.Errorf("the manager got %q, want %q", got, Ready)
	}
}

// TestReloading: the time does not go back, and is not behind that of the clock
// which counts the same seconds and those of suspension (CLOCK_BOOTTIME, 7).
func TestReloading(t *testing.T) {
	micros := func() int64 {
		digits, found := strings.CutPrefix(Reloading(), "RELOADING=1\nMONOTONIC_USEC=")
		n, err := strconv.ParseInt(digits, 10, 64)
		if !found || err != nil {
			t.Fatalf("%q, %v", Reloading(), err)
		}
		return n
	}
	first, second := micros(), micros()
	var boot syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 7, uintptr(unsafe.Pointer(&boot)), 0); errno != 0 {
		t.Fatal(errno)
	}
	if last := boot.Nano() / int64(time.Microsecond); first <= 0 || second < first || last < second {
		t.Errorf("%d µs, then %d µs, at %d µs since the machine started", first, second, last)
	}
}
