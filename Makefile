# Each target does its own set-up; see scripts/setup.
.PHONY: help run test bench screenshots clean

help:
	@echo 'make run          set up, build, and open the window (without a display: run on sample images)'
	@echo 'make test         set up, then every check: format, lints, tests, window, camera, spelling, licences'
	@echo 'make bench        set up, build, and print how long everything takes on this machine'
	@echo 'make screenshots  take the screenshots of the documents from the real window'
	@echo 'make clean        delete what was built and downloaded'

run:
	@scripts/run $(ARGS)

test:
	@scripts/setup test && scripts/check

bench:
	@scripts/bench

screenshots:
	@scripts/setup test && cargo build --release --locked && scripts/screenshots.sh

clean:
	cargo clean
	rm -rf .setup out samples models/*.onnx
