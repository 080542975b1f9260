# The two commands of the README, and the ones used every day.

.PHONY: example test setup build install man format clean

SWIFT_BUILD = swift build -c release --product decant
DECANT = .build/release/decant

# The main job, end to end, on this machine's Debian package lists.
example: build
	$(DECANT) data debian --task tags --output data/debian-tags
	rm -rf runs/tags
	$(DECANT) train data/debian-tags --output runs/tags
	$(DECANT) evaluate runs/tags
	$(DECANT) predict runs/tags "a text editor for programmers" "plays chess against you"

# Everything that is checked before a change lands.
test: setup
	Scripts/check

setup:
	Scripts/setup

build: setup
	$(SWIFT_BUILD)

# Program, libtorch, man page and completions: make install PREFIX=$HOME/.local
PREFIX ?= /usr/local
install: build
	Scripts/install $(PREFIX)

man: build
	Scripts/manual $(DECANT) >decant.1

format:
	swift format -i -r Sources Tests Package.swift

clean:
	rm -rf .build .deps data runs
