# The two commands of the README, and the ones used every day.

.PHONY: example test setup build service docs install deb man format clean examples

# A static Swift runtime: installed programs run on machines without the toolchain.
RELEASE = swift build -c release --static-swift-stdlib
DECANT = .build/release/decant

# The main job, end to end, on this machine's Debian package lists.
example: build
	$(DECANT) data debian --task tags --output data/debian-tags
	rm -rf runs/tags
	$(DECANT) train data/debian-tags --output runs/tags
	$(DECANT) evaluate runs/tags
	$(DECANT) predict runs/tags "a text editor for programmers" "plays chess against you"

# Everything that is checked before a change lands.
test:
	Scripts/packages example service test
	Scripts/setup
	Scripts/check

# Missing Debian packages, libtorch, and the git hook.
setup:
	Scripts/packages example
	Scripts/setup
	Scripts/install-hook

build: setup
	$(RELEASE) --product decant

# decant-serve, the program that decant serve starts. Compiling its web server takes minutes.
service: build
	Scripts/packages service
	$(RELEASE) --package-path Service --product decant-serve

# Both programs, their libraries, man page and completions: make install PREFIX=$HOME/.local
PREFIX ?= /usr/local
install: service
	Scripts/install $(PREFIX)

# The same as a Debian package, .build/decant_VERSION_ARCHITECTURE.deb.
deb: service
	Scripts/deb

# The README's program in a package outside this folder, and the server in Examples. Compiling takes
# minutes.
examples: build
	Scripts/outside-package --readme
	swift build --package-path Examples/server
	DECANT_PROGRAM=$(CURDIR)/$(DECANT) Examples/server/test.py

# The documentation of the libraries as a web site in .build/documentation.
docs: setup
	Scripts/packages service test
	swift build
	swift build --package-path Service
	Scripts/docs

man: build
	Scripts/manual $(DECANT) >decant.1

format:
	Scripts/format

clean:
	rm -rf .build */.build Examples/*/.build .deps data runs
