// Package notify tells the service manager how the service is: the protocol of
// sd_notify(3), one datagram of VARIABLE=VALUE lines for each message. Without a
// service manager, and on systems that have none of this kind, every call does
// nothing. All functions may be called by several goroutines at once.
package notify

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// States that Notify takes, alone or several of them separated by line ends.
const (
	Ready    = "READY=1"    // the service works, or works again after Reloading
	Stopping = "STOPPING=1" // it is about to end
	Watchdog = "WATCHDOG=1" // it is alive; due once in each WatchdogInterval
)

// sendLimit bounds a call to Notify: a manager that hangs must not hang us.
const sendLimit = time.Second

// Notify sends state, such as Ready or Ready+"\n"+Status("4 sources"), to the
// socket that $NOTIFY_SOCKET names: a path, or, with @ in front, an abstract
// socket. It blocks for a second at most. Nothing is sent, and the error is nil,
// where the variable is not set. An error is no reason to stop working: the
// manager then acts as if it had not been told.
func Notify(state string) error {
	name := os.Getenv("NOTIFY_SOCKET")
	switch {
	case name == "":
		return nil
	case name[0] != '/' && name[0] != '@':
		return fmt.Errorf("notify: NOTIFY_SOCKET is %q; expected an absolute path, or a name that begins with @", name)
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(sendLimit)); err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

// Status returns the state that shows text, one line for people, in "systemctl
// status". Line ends in it become spaces, so that text cannot hold other states,
// and what is not UTF-8 becomes question marks.
func Status(text string) string {
	text = strings.ToValidUTF8(text, "?")
	return "STATUS=" + strings.NewReplacer("\n", " ", "\r", " ", "\x00", " ").Replace(text)
}

// Reloading returns the state that announces a reload that begins now. Ready
// ends it, whether the new configuration was taken or not.
func Reloading() string {
	const state = "RELOADING=1"
	if now, ok := monotonic(); ok {
		// Type=notify-reload takes a reload for finished only by a later Ready, and
		// tells which one that is by this time.
		return state + "\nMONOTONIC_USEC=" + strconv.FormatInt(now.Microseconds(), 10)
	}
	return state
}

// WatchdogInterval returns how often Notify(Watchdog) is due: half of the time
// after which the manager would take this process for hung and kill it
// (WatchdogSec= in the unit). It is 0 where nobody watches, also when the
// variables of the environment, $WATCHDOG_USEC and $WATCHDOG_PID, are meant for
// another process.
func WatchdogInterval() time.Duration {
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0
	}
	limit, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || limit <= 0 || limit > int64((1<<63-1)/time.Microsecond) {
		return 0
	}
	return time.Duration(limit) * time.Microsecond / 2
}
