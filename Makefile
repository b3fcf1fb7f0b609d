# Building and checking estream. `make help` lists the targets; `.ci/run` runs all that CI runs.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

# The version of a release is its tag; any other build says how far from one it is.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# Extra arguments for `go test` in `make test`, such as TESTFLAGS='-run TestResume'.
TESTFLAGS ?=

# How long `make fuzz` spends on each target, and which targets (a regular expression) it runs.
FUZZTIME ?= 5m
FUZZ     ?= .

# How long `make fire` lets things fail, and how long the destination of an output is dead.
FIRE ?= 30m
DEAD ?= 10m

# The packages whose speed matters, with their sub-packages.
BENCH     ?= wire layouts format meta journal session
BENCHTIME ?= 1s

# Flags of the end-to-end comparison: BENCHFLAGS='-runs 1' for a quick look.
BENCHFLAGS ?=

# The platforms beside linux/amd64 that every change has to build for. linux/386 keeps lengths honest
# where int has 32 bits.
PLATFORMS := windows/amd64 windows/arm64 darwin/amd64 darwin/arm64 linux/arm64 linux/386

STATICCHECK := go tool -modfile=tools/go.mod staticcheck

.PHONY: build test test32 lint generate cross fuzz fire siege bench man package clean help

build: ## build bin/estream, a static binary
	CGO_ENABLED=0 go build -trimpath -buildvcs=false \
		-ldflags '-s -w -X estream/internal/cli.Version=$(VERSION)' -o bin/ ./cmd/estream

test: ## install what the tests need and lack, then run every test with the race detector
	@tools/needs.sh
	@tools/test.sh $(TESTFLAGS)

# The race detector needs 64 bits and changes what allocates, so this run also holds what `make test`
# cannot: arithmetic on 32-bit integers and the allocation counts of the hot paths. Left out are the
# packages that only drive the whole program from outside: all of its parts are here, and RSA keys, which
# those tests make by the dozen, take a 32-bit program several seconds each.
WHOLE := cli demo dissector e2e fire foreign sensors siege
test32: ## run the packages' tests as 32-bit programs, without the race detector (linux on amd64)
	GOOS=linux GOARCH=386 CGO_ENABLED=0 go test -count=1 -timeout 20m \
		$$(go list ./... | grep -v -E '/(packaging|internal/($(subst $() ,|,$(WHOLE))))$$')

lint: ## vet, staticcheck, gofmt and a tidy go.mod, for the product and its tools
	go vet ./...
	go -C tools vet ./...
	$(STATICCHECK) ./...
	cd tools && go tool staticcheck ./...
	@unformatted="$$(gofmt -l .)"; if [ -n "$$unformatted" ]; then \
		echo "not formatted, run gofmt -w on:" >&2; echo "$$unformatted" >&2; exit 1; fi
	go mod tidy -diff
	go -C tools mod tidy -diff

generate: ## make derived files and pages again
	go generate ./...

cross: ## build for, and vet on, every other platform
	@for platform in $(PLATFORMS); do \
		echo "$$platform"; \
		export GOOS="$${platform%/*}" GOARCH="$${platform#*/}" CGO_ENABLED=0; \
		go build ./...; \
		go vet ./...; \
	done

fuzz: ## fuzz every target for FUZZTIME (5m) each; FUZZ=regexp selects
	@FUZZTIME='$(FUZZTIME)' FUZZ='$(FUZZ)' tools/fuzz.sh

fire: ## let everything fail for FIRE (30m), and an output be dead for DEAD (10m); needs root
	@tools/needs.sh
	go test -count=1 -timeout 3h -v ./internal/fire -fire.for '$(FIRE)' -fire.dead '$(DEAD)'

siege: ## kill the server 50 times, crowd it, back it up, count what 1000 sessions cost; needs root
	@tools/needs.sh
	go test -count=1 -timeout 30m -v ./internal/siege -siege.long

bench: ## time the packages in BENCH, then the whole program end to end
	go test -run '^$$' -bench . -benchtime '$(BENCHTIME)' $(addprefix ./,$(addsuffix /...,$(BENCH)))
	go run ./internal/bench $(BENCHFLAGS)

man: ## write the manual pages into dist/man
	go run ./packaging/manpages dist/man

package: ## make a deb and an rpm in dist; ARCH=arm64 for another machine
	VERSION='$(VERSION)' packaging/build.sh dist

clean: ## remove what the targets above made
	rm -rf bin dist
	rm -f estream

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
