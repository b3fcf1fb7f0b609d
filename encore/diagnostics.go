package encore

import (
	"context"
	"time"

	"estream/internal/durable"
)

// Diagnostics tests the connection with the lines of eNcore's test. They go to
// the log that the configuration asks for. The error was logged.
func Diagnostics(ctx context.Context, dir, name string, t *Terminal, again bool) error {
	// This line has a form of its own, as the settings are not read yet.
	if err := t.printf("%s Diagnostics\tINFO\tChecking that configFilepath (%s) exists\n", time.Now().Format("2006-01-02T15:04:05.000000"), name); err != nil {
		return err
	}
	c, warnings, _, err := loadConf(dir, name)
	if err != nil {
		return err
	}
	sink, more, err := openLog(c, dir, t.Out, t.Err)
	if err != nil {
		return err
	}
	defer sink.Close() // each line was written when it was logged
	log := sink.logger()
	for _, w := range append(warnings, more...) {
		named(log, "Settings").Warn(w.String())
	}
	f := FilesFor(dir, c)
	tlsConfig, err := prepareKeys(ctx, &keys{durable.OS{}, &f}, c, t, again, log)
	if err == nil {
		err = newProbe(c, tlsConfig, log).Run(ctx)
	}
	if err != nil {
		named(log, "Diagnostics").Error(Describe(err, &f))
	}
	return err
}
