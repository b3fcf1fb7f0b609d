package encore

import (
	"fmt"
	"log/slog"
	"os"
)

// A stage is one of eNcore's processes. Here the stages are goroutines of one
// process and the names are for those who read the log.
type stage struct {
	process string // as in "Process NAME is dead."
	logger  string
}

// stages returns the stages for a number of workers, 1 to 12, in pipeline order.
func stages(workers int) []stage {
	switch workers {
	case 1:
		return []stage{{"worker", "SingleWorker"}}
	case 2:
		return []stage{{"subscriberParserDecorator", "SubscriberParserDecorator"}, {"transformerWriter", "TransformerWriter"}}
	case 3, 4:
		return []stage{{"subscriberParser", "SubscriberParser"}, {"decorator", "Decorator"}, {"transformer", "Transformer"}, {"writer", "Writer"}}
	}
	list := []stage{{"subscriber", "Subscriber"}}
	for i := range (workers - 2) / 2 {
		list = append(list, stage{fmt.Sprintf("parser %d", i), "Parser"})
	}
	list = append(list, stage{"decorator", "Decorator"})
	for i := range (workers - 3) / 2 {
		list = append(list, stage{fmt.Sprintf("transformer %d", i), "Transformer"})
	}
	return append(list, stage{"writer", "Writer"})
}

// logStart writes the lines with which the stages begin.
func logStart(log *slog.Logger, list []stage) {
	for _, s := range list {
		named(log, s.logger).Info("Starting process.")
	}
}

// logStop writes the lines with which the stages end, in eNcore's order.
func logStop(log *slog.Logger, list []stage) {
	for i, s := range list {
		l := named(log, s.logger)
		l.Info("Stop message received")
		if i > 0 {
			l.Info("Error state. Clearing queue")
		}
		l.Info("Exiting")
	}
	for i := range list {
		named(log, "Controller").Info(fmt.Sprintf("Process %d (Process-%d) exit code: 0", os.Getpid(), i+1))
	}
}
