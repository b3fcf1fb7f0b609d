package fire

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	fireFor  = flag.Duration("fire.for", usual(3*time.Minute, 40*time.Second), "how long things fail")
	fireSeed = flag.Uint64("fire.seed", 0, "`seed` of the faults (default: a random one)")
	deadFor  = flag.Duration("fire.dead", usual(20*time.Second, 10*time.Second), "how long the destination of one output is dead")
	deadRate = flag.Int("fire.rate", 20_000, "`events` a second while an output is dead")
)

// usual is the shorter time for 32 bits: that run repeats what the other has shown.
func usual(long, short time.Duration) time.Duration {
	if strconv.IntSize == 32 {
		return short
	}
	return long
}

// scratch holds the program, which both tests use.
var scratch string

// centerEnv tells this binary to be the server.
const centerEnv = "ESTREAM_FIRE_CENTER"

func TestMain(m *testing.M) {
	if settings := os.Getenv(centerEnv); settings != "" {
		if err := centerMain(settings); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "estream-fire-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	return m.Run()
}

// program builds the program as it is released, but for its clock: package time is
// overlaid so that the test can move the wall clock of the running process.
var program = sync.OnceValues(func() (string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	original, err := os.ReadFile(filepath.Join(dir, "time.go"))
	if err != nil {
		return "", err
	}
	const read = "\tsec, nsec, mono := runtimeNow()\n\tif mono == 0 {\n"
	if strings.Count(string(original), read) != 1 {
		return "", fmt.Errorf("%s/time.go reads the clock in another way than this test knows: look at func Now and adapt the overlay", dir)
	}
	cell, err := os.ReadFile(filepath.Join("testdata", "clock.go.txt"))
	if err != nil {
		return "", err
	}
	changed := strings.Replace(string(original), read, "\tsec, nsec, mono := runtimeNow()\n\tsec += clockSkew()\n\tif mono == 0 {\n", 1)
	replace := map[string]string{}
	for name, text := range map[string]string{"time.go": changed, "fireclock.go": string(cell)} {
		replace[filepath.Join(dir, name)] = filepath.Join(scratch, name)
		if err := os.WriteFile(filepath.Join(scratch, name), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	list, path := filepath.Join(scratch, "overlay.json"), filepath.Join(scratch, "estream")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-buildvcs=false", "-overlay", list, "-o", path, "estream/cmd/estream")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// random returns a source of random moments and prints its seed.
func random(t *testing.T) *rand.Rand {
	seed := *fireSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d (-fire.seed %d runs the same faults at the same times)", seed, seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// until waits for something that other processes do.
func until(what string, patience time.Duration, ok func() bool) error {
	for began := time.Now(); !ok(); time.Sleep(10 * time.Millisecond) { // nothing to wait on
		if time.Since(began) > patience {
			return errors.New(what + ": not within " + patience.String())
		}
	}
	return nil
}
