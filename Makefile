# Thin targets over tools/; everything a fresh machine needs is installed by them.

.DEFAULT_GOAL := help
.PHONY: help build parquet demo test lint bench simulate peers fuzz format clean

help:     ## Show this
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
build:    ## Build build/release/bin/modelyard
	@tools/build.sh release
parquet:  ## Build the plug-in for Parquet files, too: brings Arrow (55 MB)
	@tools/deps.sh build
	@tools/parquet.sh
	@tools/build.sh release
demo:     ## Train a real model, serve it, ask it, roll it back (leaves the server running)
	@tools/demo.sh
test:     ## Run everything: unit, integration, sanitizers, fuzz targets
	@tools/test.sh
lint:     ## Check format, layers, function lengths, scripts, second compiler
	@tools/lint.sh
bench:    ## Measure beside the raw engine, echo servers and peers
	@tools/bench.sh
simulate: ## Find out how often monitors and tests are wrong: the tables of docs/monitoring.md and docs/statistics.md
	@tools/simulate.sh
peers:    ## Compare drift with Evidently's and NannyML's; writes docs/monitoring-peers.md
	@tools/peers.sh
fuzz:     ## Run every fuzz target for a minute (SECONDS_EACH=60)
	@tools/fuzz.sh $${SECONDS_EACH:-60}
format:   ## Format the C++ sources
	@tools/format.sh
clean:    ## Remove builds; engine and Python environments stay
	@rm -rf build/release build/debug build/asan build/tsan build/fuzzing
